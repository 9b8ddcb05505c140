import { titleOf } from "../home/list"

/** A file name that every system takes. */
export function fileName(title: string, ending: string): string {
	const safe = titleOf({ title })
		.replace(/[\\/:*?"<>|\p{Cc}]+/gu, " ")
		.replace(/\s+/g, " ")
		.trim()
		.slice(0, 100)
	return `${safe || "Untitled"}.${ending}`
}
