import { type ReadonlySignal, type Signal, signal } from "@preact/signals"
import {
	type ClientDocument,
	createClient,
	type Journal,
	type PeerView,
	type Role,
	type Status,
} from "../../client/index.js"
import { navigate } from "../router"
import { toast } from "../ui/Toast"

/** A document open for live editing, as signals that components can read. */
export interface LiveDocument {
	readonly document: ClientDocument
	readonly loaded: ReadonlySignal<boolean>
	readonly title: Signal<string>
	readonly status: ReadonlySignal<Status>
	readonly role: ReadonlySignal<Role>
	readonly peers: ReadonlySignal<readonly PeerView[]>
	/** The page no longer shows it. What is unsaved is still sent; then it is closed. */
	leave(): void
}

const client = createClient({
	url: location.origin,
	visible: () => document.visibilityState === "visible",
	journal: () => {
		journal ??= import("../../client/journal.js")
			.then((module) => module.createJournal())
			.catch((error: unknown) => {
				journal = undefined // a break in the network must not cost the tab its journal
				throw error
			})
		return journal
	},
})
let journal: Promise<Journal> | undefined

/** Closing the tab asks first where the browser would forget what is unsaved. */
function holdUnsaved(opened: ClientDocument): (event: BeforeUnloadEvent) => void {
	return (event) => {
		if (opened.status.journalDenied && hasUnsaved(opened)) event.preventDefault()
	}
}

/**
 * A page that is hidden may not come back: the journal has everything. One that the browser puts aside, to show it as it
 * is when one goes back to it, lets go of its documents like one that is closed, and begins anew then: WebKit gives its
 * locks away meanwhile, and another tab may go on as its clients (law C3). What may be in this page alone stays.
 */
function hide(opened: ClientDocument): (event: PageTransitionEvent) => void {
	return ({ persisted }) => {
		if ((!opened.keep() && hasUnsaved(opened)) || !persisted) return
		opened.close()
		addEventListener("pageshow", () => location.reload(), { once: true })
	}
}

/** Edits on their way, or refused ones that nobody has let go yet. */
function hasUnsaved({ pending, status }: ClientDocument): boolean {
	return pending > 0 || status.rejected !== undefined
}

/** Documents left with unsaved edits; opening one again takes it from here. */
const lingering = new Map<string, () => ClientDocument>()

/** Opens a document, or takes up the one that was left with unsaved edits (law S9: leaving a page loses nothing). */
export function openLive(id: string): LiveDocument {
	const left = lingering.get(id)?.()
	const opened = left && !isOver(left.status) ? left : client.open(id)
	const loaded = signal(opened.loaded)
	const title = signal(opened.title)
	const status = signal(opened.status)
	const role = signal(opened.role)
	const peers = signal(opened.peers)
	const endings = [
		opened.on("status", (next) => {
			status.value = next
			loaded.value = opened.loaded
		}),
		opened.on("reset", () => {
			title.value = opened.title
			role.value = opened.role
			loaded.value = true
		}),
		opened.on("title", (next) => {
			title.value = next
		}),
		opened.on("role", (next) => {
			role.value = next
		}),
		opened.on("presence", (next) => {
			peers.value = next
		}),
	]
	// A laptop that wakes or finds its network again should not wait for the timer.
	const wake = () => {
		if (document.visibilityState === "visible") opened.reconnectNow()
		else opened.keep()
	}
	const leave = hide(opened)
	const hold = holdUnsaved(opened)
	addEventListener("online", wake)
	addEventListener("pagehide", leave)
	document.addEventListener("visibilitychange", wake)
	addEventListener("beforeunload", hold)
	return {
		document: opened,
		loaded,
		title,
		status,
		role,
		peers,
		leave() {
			for (const end of endings) end()
			removeEventListener("online", wake)
			removeEventListener("pagehide", leave)
			document.removeEventListener("visibilitychange", wake)
			removeEventListener("beforeunload", hold)
			opened.setPresence(null)
			// What was refused waits in the journal, if there is one.
			if (opened.pending > 0 || (opened.status.journalDenied && hasUnsaved(opened))) linger(opened)
			else opened.close()
		},
	}
}

/** It says nothing new any more, though it may be out of the trash by now; what it has unsaved is in the journal. */
function isOver({ state, reason, journalDenied }: Status): boolean {
	return !journalDenied && (state === "removed" || (state === "failed" && reason !== "unauthorized"))
}

/** Keeps a document that nobody looks at until its edits are saved. */
function linger(left: ClientDocument): void {
	const hold = holdUnsaved(left)
	const leave = hide(left)
	addEventListener("beforeunload", hold)
	addEventListener("pagehide", leave)
	const release = () => {
		removeEventListener("beforeunload", hold)
		removeEventListener("pagehide", leave)
		endStatus()
		endRejected()
		lingering.delete(left.id)
	}
	// Not only when it was saved: others may have removed what an edit was about.
	const endStatus = left.on("status", () => {
		if (hasUnsaved(left)) return
		release()
		left.close()
	})
	const endRejected = left.on("rejected", () =>
		toast(`An edit in “${left.title || "Untitled"}” was not accepted`, {
			label: "Show",
			run: () => navigate({ page: "document", id: left.id }),
		}),
	)
	lingering.set(left.id, () => {
		release()
		return left
	})
}
