import { CircleAlert, CloudCheck, CloudOff, Eye, LoaderCircle } from "lucide-preact"
import { useEffect, useState } from "preact/hooks"
import { announce } from "../announce"
import { restoreDocument } from "../api"
import { navigate } from "../router"
import { toast } from "../ui/Toast"
import { newVersion } from "../version"
import type { LiveDocument } from "./live"
import { type StatusLine, statusLine, type Tone } from "./status"

const PATIENCE = 1_000 // ms; a connection made sooner is not worth a word
const SPOKEN_AFTER = 1_200 // ms a state must last before it is read aloud; typing flips saving and saved all the time

const ICONS = { good: CloudCheck, busy: LoaderCircle, wait: CloudOff, stop: CircleAlert } satisfies Record<
	Tone,
	unknown
>

/** The document's one honest state, as a sentence with what can be done about it. */
export function SaveState({
	live,
	onOpen,
	onReopen,
}: {
	live: LiveDocument
	onOpen: (dialog: "unsaved" | "share" | "signin") => void
	onReopen: () => void
}) {
	const status = live.status.value
	const [now, setNow] = useState(Date.now())
	const [patient, setPatient] = useState(true)

	useEffect(() => {
		const wait = setTimeout(() => setPatient(false), PATIENCE)
		return () => clearTimeout(wait)
	}, [])

	useEffect(() => {
		setNow(Date.now())
		if (status.retryAt === undefined) return
		const clock = setInterval(() => setNow(Date.now()), 1_000)
		return () => clearInterval(clock)
	}, [status.retryAt])

	const line: StatusLine =
		newVersion.value && status.state === "saved"
			? { tone: "good", sentence: "A new version is ready", action: { label: "Reload", does: "reload" } }
			: statusLine(status, now, live.role.value)

	// The countdown changes each second and is not read; the state is, once it lasts.
	const { state, pending } = status
	useEffect(() => {
		if (state === "connecting") return
		const wait = setTimeout(() => {
			const settled = statusLine(live.status.peek(), Date.now(), live.role.peek()).sentence
			if (settled !== said) announce(settled)
			said = settled
		}, SPOKEN_AFTER)
		return () => clearTimeout(wait)
	}, [live, state, pending, live.role.value])

	const act = () => {
		if (line.action?.does === "reconnect") live.document.reconnectNow()
		if (line.action?.does === "showText") onOpen("unsaved")
		if (line.action?.does === "signIn") onOpen("signin")
		if (line.action?.does === "ask") onOpen("share")
		if (line.action?.does === "reload") location.reload()
		if (line.action?.does === "restore")
			restoreDocument(live.document.id).then(onReopen, (error: Error) => toast(error.message))
		if (line.action?.does === "goHome") navigate({ page: "home" })
	}

	const Icon = state === "readonly" ? Eye : ICONS[line.tone]
	const quiet = state === "connecting" && patient
	return (
		<div class={`save-state save-${line.tone}`} data-state={state}>
			{!quiet && (
				<>
					<Icon size={14} aria-hidden="true" class={Icon === LoaderCircle ? "turning" : ""} />
					<span class="save-sentence">{line.sentence}</span>
					{line.action && (
						<button type="button" class="save-action" onClick={act}>
							{line.action.label}
						</button>
					)}
				</>
			)}
		</div>
	)
}
let said = "Saved"
