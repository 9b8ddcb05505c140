import type { ComponentChildren } from "preact"
import { useEffect, useLayoutEffect, useState } from "preact/hooks"
import { toast } from "./Toast"

/** What was fetched, by what fetches it: shown again at once. */
const here = new Map<() => Promise<unknown>, unknown>()

interface LazyProps<M> {
	/** Fetches the chunk. The same function each time: what is here is known by it. */
	load: () => Promise<M>
	/** What to show when it cannot be fetched; `again` tries once more. */
	failed?: (again: () => void) => ComponentChildren
	/** What to show until it is here. */
	pause?: ComponentChildren
	children: (module: M) => ComponentChildren
}

/** A part of the page that comes in a chunk of its own, once that is here. */
export function Lazy<M>({ load, failed, pause, children }: LazyProps<M>) {
	const [fault, setFault] = useState<(() => Promise<M>) | null>(null)
	const [attempt, setAttempt] = useState(0)
	const [, draw] = useState(0)
	// A new attempt is the occasion to load again. Another chunk may take this one's place: nothing here is about which.
	useEffect(() => {
		if (here.has(load)) return
		let gone = false
		load().then(
			(module) => {
				here.set(load, module)
				if (!gone) draw((before) => before + 1)
			},
			() => !gone && setFault(() => load),
		)
		return () => {
			gone = true
		}
	}, [load, attempt])
	if (here.has(load)) return <>{children(here.get(load) as M)}</>
	if (fault === load) {
		const again = () => {
			// The second time the page itself is fetched anew: the server may have another build.
			if (attempt > 0) return location.reload()
			setFault(null)
			setAttempt(1)
		}
		return <>{failed?.(again)}</>
	}
	return <>{pause}</>
}

/** The same for a dialog, which closes again when it cannot come. Until it is there, keys must not go into the text. */
export function LazyDialog<M>({ load, onClose, children }: LazyProps<M> & { onClose: () => void }) {
	return (
		<Lazy load={load} failed={() => <Unreached onClose={onClose} />} pause={<Pause />}>
			{children}
		</Lazy>
	)
}

function Pause() {
	useLayoutEffect(() => {
		if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
	}, [])
	return null
}

function Unreached({ onClose }: { onClose: () => void }) {
	useEffect(() => {
		toast("This needs the connection. Try again when it is back.")
		onClose()
	}, [])
	return null
}
