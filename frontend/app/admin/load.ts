import { useCallback, useEffect, useState } from "preact/hooks"
import { sentenceOf } from "../ui/form"
import { toast } from "../ui/Toast"

/** Something fetched, fetched again when `key` changes or on demand; what is there stays until the new is. */
export function useFetched<T>(fetchIt: () => Promise<T>, key: string) {
	const [value, setValue] = useState<T | null>(null)
	const [fault, setFault] = useState("")
	const again = useCallback(
		() =>
			fetchIt().then(
				(fetched) => {
					setValue(fetched)
					setFault("")
				},
				(error) => setFault(sentenceOf(error)),
			),
		[key],
	)
	useEffect(() => void again(), [again])
	return { value, fault, again }
}

/** Tries a change, and says how it went. Answers whether it worked. */
export async function attempt(run: () => Promise<unknown>, done: string): Promise<boolean> {
	try {
		await run()
		toast(done)
		return true
	} catch (error) {
		toast(sentenceOf(error))
		return false
	}
}

/** Bytes as one says them. */
export function size(bytes: number | undefined): string {
	if (bytes === undefined) return "-"
	if (bytes < 1_000) return `${bytes} B`
	const units = ["kB", "MB", "GB", "TB"]
	let value = bytes / 1_000
	let unit = 0
	while (value >= 999.5 && unit < units.length - 1) {
		value /= 1_000
		unit++
	}
	return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
