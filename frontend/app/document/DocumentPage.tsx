import { computed } from "@preact/signals"
import { Share2 } from "lucide-preact"
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks"
import { createEditor } from "../../editor/index.ts"
import type { Editor, EditorSnapshot } from "../../editor/types.ts"
import { titleOf } from "../home/list"
import { letters } from "../letters"
import { me } from "../me"
import { loadProfileDialog, loadShareDialog } from "../pages"
import { Button } from "../ui/Button"
import { HomeLink } from "../ui/HomeLink"
import { LazyDialog } from "../ui/Lazy"
import { toast } from "../ui/Toast"
import { checkVersion } from "../version"
import { type DocumentDialog, DocumentMenu } from "./DocumentMenu"
import { useKeyboardInset } from "./keyboard"
import { type LiveDocument, openLive } from "./live"
import { People } from "./People"
import { presentPeople } from "./people"
import { SaveState } from "./SaveState"
import { offeredText } from "./status"
import { Title } from "./Title"
import { Toolbar } from "./Toolbar"
import "../../editor/editor.css"
import "./bar.css"
import "./document.css"
import "./toolbar.css"

/** One document: its bar, its tools, its text. */
export function DocumentPage({ id }: { id: string }) {
	const [live, setLive] = useState<LiveDocument | null>(null)
	const [round, setRound] = useState(0)
	// Another round opens the document anew.
	useEffect(() => {
		const opened = openLive(id)
		setLive(opened)
		return () => opened.leave()
	}, [id, round])

	// The server takes a new name and colour when a browser connects; so connect again, once nothing waits.
	const self = me.value
	useEffect(() => {
		const known = live?.document.user
		if (!live || !self || !known || (known.name === self.name && known.color === self.color)) return
		const again = () => {
			if (live.document.pending === 0) setRound((before) => before + 1)
		}
		again()
		return live.document.on("saved", again)
	}, [live, self])
	return live ? <OpenDocument key={round} live={live} onReopen={() => setRound(round + 1)} /> : null
}

function OpenDocument({ live, onReopen }: { live: LiveDocument; onReopen: () => void }) {
	const [dialog, setDialog] = useState<DocumentDialog | null>(null)
	const [finding, setFinding] = useState(false)
	const loaded = live.loaded.value
	// Not the status itself, which changes twice with every key.
	const over = useMemo(() => computed(() => /failed|removed/.test(live.status.value.state)), [live]).value
	const writer = live.role.value === "editor" || live.role.value === "owner"
	const writable = writer && !over
	const { mount, editor, snapshot } = useEditor(live, loaded, writable, {
		onLink: () => setDialog("link"),
		onFind: () => setFinding(true),
	})
	const unreachable = !loaded && over
	const extras = useExtras(editor !== null, dialog !== null || finding || unreachable)
	useEffect(() => {
		if (extras && editor) extras.showDropPlace(editor.view)
	}, [extras, editor])
	useKeyboardInset()
	usePageKeys(editor, {
		onShortcuts: () => setDialog("shortcuts"),
		onFind: () => setFinding(true),
	})

	// After a drop the server may have come back as a newer build.
	useEffect(() => {
		let dropped = false
		return live.status.subscribe(({ state }) => {
			if (state === "offline") dropped = true
			else if (dropped && state !== "connecting") {
				dropped = false
				void checkVersion()
			}
		})
	}, [live])

	// Within the turn that takes the dialog away: a frame later the focus would be torn from what the next key chose.
	const resume = useRef(false)
	const closeDialog = () => {
		resume.current = dialog === "link" || dialog === "image"
		setDialog(null)
	}
	useLayoutEffect(() => {
		if (dialog || !resume.current) return
		resume.current = false
		editor?.focus()
	}, [dialog, editor])

	// A key press changes neither of these two: drawn again with each, they would cost more than all else it takes.
	const line = useMemo(
		() => (
			<div class="bar-line">
				<HomeLink class="bar-back" />
				<div class="bar-name">
					<Title live={live} onDone={() => editor?.focus()} />
					<SaveState live={live} onOpen={setDialog} onReopen={onReopen} />
				</div>
				<People live={live} editor={editor} onSelf={() => setDialog("profile")} />
				<Button
					class="bar-share"
					look="primary"
					aria-label="Share"
					icon={<Share2 size={16} />}
					onClick={() => setDialog("share")}
				>
					Share
				</Button>
				<DocumentMenu
					live={live}
					editor={editor}
					onOpen={setDialog}
					onFind={() => setFinding(true)}
					writable={writable}
				/>
			</div>
		),
		[live, editor, writable, onReopen],
	)
	const { formats, canUndo = false, canRedo = false } = snapshot ?? {}
	const tools = useMemo(
		() =>
			editor &&
			formats &&
			writable && (
				<Toolbar
					editor={editor}
					formats={formats}
					canUndo={canUndo}
					canRedo={canRedo}
					onLink={() => setDialog("link")}
					onImage={() => setDialog("image")}
				/>
			),
		[editor, formats, canUndo, canRedo, writable],
	)

	if (unreachable) return extras ? <extras.UnreachableDocument live={live} onReopen={onReopen} /> : null

	const others = presentPeople(live.peers.value, live.document.user)
	const suggestion = snapshot?.suggestion ?? null
	const unsaved = dialog === "unsaved" && live.status.value
	const rejected = unsaved && unsaved.state === "rejected"
	return (
		<div class="document">
			<button type="button" class="skip-link" onClick={() => editor?.focus()}>
				Skip to the text
			</button>
			<header class="bar">
				{line}
				{tools}
				{editor && extras && finding && (
					<extras.FindBar editor={editor} state={snapshot?.find ?? null} onClose={() => setFinding(false)} />
				)}
			</header>
			<main class="paper">
				<div class="print-title" aria-hidden="true">
					{live.title.value}
				</div>
				<div ref={mount} class="text" />
				{extras && editor && snapshot && (
					<>
						<extras.EdgeMarks editor={editor} occasion={live.peers.value} />
						<extras.SelectionBubble editor={editor} snapshot={snapshot} onLink={() => setDialog("link")} />
						{suggestion && (
							<extras.SuggestionMenu
								key={suggestion.kind}
								editor={editor}
								suggestion={suggestion}
								label={suggestion.kind === "slash" ? "Insert" : "Mention"}
								choices={
									suggestion.kind === "slash"
										? extras.slashChoices(() => setDialog("image"))
										: extras.mentionChoices(others.map((person) => person.user))
								}
							/>
						)}
					</>
				)}
			</main>
			{extras && editor && snapshot && <extras.Outline editor={editor} generation={snapshot.generation} />}
			{dialog === "share" && (
				<LazyDialog load={loadShareDialog} onClose={closeDialog}>
					{({ ShareDialog }) => (
						<ShareDialog id={live.document.id} title={titleOf({ title: live.title.value })} onClose={closeDialog} />
					)}
				</LazyDialog>
			)}
			{extras && dialog === "signin" && <extras.SignInDialog live={live} onClose={closeDialog} />}
			{extras && dialog === "shortcuts" && <extras.ShortcutsDialog onClose={closeDialog} />}
			{dialog === "profile" && (
				<LazyDialog load={loadProfileDialog} onClose={closeDialog}>
					{({ ProfileDialog }) => <ProfileDialog onClose={closeDialog} />}
				</LazyDialog>
			)}
			{extras && dialog === "details" && editor && (
				<extras.DetailsDialog id={live.document.id} editor={editor} onClose={closeDialog} />
			)}
			{extras && dialog === "link" && editor && <extras.LinkDialog editor={editor} onClose={closeDialog} />}
			{extras && dialog === "image" && editor && <extras.ImageDialog editor={editor} onClose={closeDialog} />}
			{extras && unsaved && (
				<extras.UnsavedDialog
					text={offeredText(unsaved, live.document.unsavedText)}
					explanation={
						rejected
							? "The server refused this edit, so it was taken out of the document. Copy the text to use it elsewhere or to try again."
							: "The document cannot be written to any more. Copy what you typed last to keep it."
					}
					{...(rejected
						? {
								onDiscard: () => {
									live.document.dismissRejected()
									closeDialog()
								},
							}
						: {})}
					onClose={closeDialog}
				/>
			)}
		</div>
	)
}

/** The rest of the page: fetched when the text is on the screen, or at once when something of it is wanted. */
function useExtras(shown: boolean, wanted: boolean): Extras | null {
	const [extras, setExtras] = useState<Extras | null>(null)
	// Until the field one asked for is there, keys must not go into the text.
	useLayoutEffect(() => {
		if (!extras && wanted && document.activeElement instanceof HTMLElement) document.activeElement.blur()
	}, [extras, wanted])
	useEffect(() => {
		if (extras || !(shown || wanted)) return
		let gone = false
		// Not by then: the build would take its handlers as part of the import, and a style sheet that fails past them.
		const fetchThem = async () => {
			try {
				const module = await import("./extras")
				if (!gone) setExtras(module)
			} catch {
				if (wanted) toast("This needs the connection. Try again when it is back.")
			}
		}
		const wait = setTimeout(fetchThem, wanted ? 0 : EXTRAS_AFTER)
		return () => {
			gone = true
			clearTimeout(wait)
		}
	}, [extras, shown, wanted])
	return extras
}
type Extras = typeof import("./extras")
const EXTRAS_AFTER = 300 // ms after the text is shown; the first key presses come first

/** The editor on the loaded document, and what the page draws around it. */
function useEditor(
	live: LiveDocument,
	loaded: boolean,
	writable: boolean,
	open: { onLink: () => void; onFind: () => void },
) {
	const mount = useRef<HTMLDivElement>(null)
	const [editor, setEditor] = useState<Editor | null>(null)
	const [snapshot, setSnapshot] = useState<EditorSnapshot | null>(null)
	const handlers = useRef(open)
	handlers.current = open

	// Writable changes on the living editor, below.
	useEffect(() => {
		if (!loaded || !mount.current) return
		const created = createEditor({
			element: mount.current,
			document: live.document,
			readOnly: !writable,
			placeholder: "Write, or press / to insert something",
			label: "Document text",
			onLink: () => handlers.current.onLink(),
			onFind: () => handlers.current.onFind(),
			onNotice: toast,
		})
		setEditor(created)
		setSnapshot(created.snapshot)
		const end = created.subscribe(setSnapshot)
		// On a phone, focus would bring up the keyboard before anything is read.
		if (!matchMedia("(pointer: coarse)").matches) created.focus()
		return () => {
			end()
			created.destroy()
			setEditor(null)
		}
	}, [live, loaded])

	useEffect(() => editor?.setReadOnly(!writable), [editor, writable])
	return { mount, editor, snapshot }
}

/** Keys that work wherever the focus is on this page. */
function usePageKeys(editor: Editor | null, open: { onShortcuts: () => void; onFind: () => void }): void {
	useEffect(() => {
		const key = (event: KeyboardEvent) => {
			if (event.defaultPrevented || document.querySelector("dialog[open]")) return
			const mod = event.ctrlKey || event.metaKey
			const target = event.target as HTMLElement
			const typing = target.isContentEditable || /^(INPUT|TEXTAREA)$/.test(target.tagName)
			if (mod && event.key === "/") open.onShortcuts()
			else if (event.key === "?" && !typing && letters()) open.onShortcuts()
			else if (mod && !event.shiftKey && event.key.toLowerCase() === "f" && editor) open.onFind()
			else if (event.altKey && event.key === "F10")
				document.querySelector<HTMLElement>(".toolbar .tool[tabindex='0']")?.focus()
			// Out of habit; the browser would save the page as a file, and the text is saved.
			else if (!mod || event.key.toLowerCase() !== "s") return
			event.preventDefault()
		}
		addEventListener("keydown", key)
		return () => removeEventListener("keydown", key)
	})
}
