import { Ellipsis, FileCode, FileDown, FileText, Info, Keyboard, Printer, Search, Trash2, UserPen } from "lucide-preact"
import type { Editor } from "../../editor/types.ts"
import { exportDocument, getDocument } from "../api"
import { trash } from "../home/library"
import { themeItems } from "../PersonMenu"
import { navigate } from "../router"
import { Menu, type MenuItem } from "../ui/Menu"
import { toast } from "../ui/Toast"
import { fileName } from "./filename"
import { writeKeys } from "./keys"
import type { LiveDocument } from "./live"
import { edits } from "./status"

/** What the document's menu opens. */
export type DocumentDialog = "share" | "details" | "shortcuts" | "profile" | "link" | "image" | "unsaved" | "signin"

const FORMATS = {
	html: { label: "Export as web page", ending: "html", icon: <FileCode size={16} /> },
	markdown: { label: "Export as Markdown", ending: "md", icon: <FileDown size={16} /> },
	text: { label: "Export as text", ending: "txt", icon: <FileText size={16} /> },
} as const

function saveFile(content: Blob, name: string): void {
	const address = URL.createObjectURL(content)
	const link = document.createElement("a")
	link.href = address
	link.download = name
	link.click()
	setTimeout(() => URL.revokeObjectURL(address), 60_000) // ms; Safari still reads it for a while
}

/** Exports what is saved, and says so when something is not. */
async function exportAs(live: LiveDocument, format: keyof typeof FORMATS): Promise<void> {
	try {
		const content = await exportDocument(live.document.id, format)
		saveFile(content, fileName(live.title.peek(), FORMATS[format].ending))
		const { pending } = live.document
		if (pending > 0) toast(`The file is made without ${edits(pending)} still waiting to be saved`)
	} catch (error) {
		toast(`The file was not made. ${(error as Error).message}`)
	}
}

async function trashHere(live: LiveDocument): Promise<void> {
	try {
		const row = await getDocument(live.document.id)
		navigate({ page: "home" })
		await trash(row)
	} catch (error) {
		toast((error as Error).message)
	}
}

/** Everything about the document that is not its text. */
export function DocumentMenu({
	live,
	editor,
	writable,
	onOpen,
	onFind,
}: {
	live: LiveDocument
	editor: Editor | null
	/** Whether this person may change, and so trash, the document. */
	writable: boolean
	onOpen: (dialog: DocumentDialog) => void
	onFind: () => void
}) {
	const text: MenuItem[] = editor
		? [
				{ label: "Find", icon: <Search size={16} />, keys: writeKeys("Mod-f"), onSelect: onFind },
				...(["html", "markdown", "text"] as const).map((format, index) => ({
					label: FORMATS[format].label,
					icon: FORMATS[format].icon,
					...(index === 0 ? { separated: true } : {}),
					onSelect: () => void exportAs(live, format),
				})),
				{ label: "Print", icon: <Printer size={16} />, keys: writeKeys("Mod-p"), onSelect: () => print() },
				{ label: "Details", icon: <Info size={16} />, separated: true, onSelect: () => onOpen("details") },
			]
		: []
	const items: MenuItem[] = [
		...text,
		{
			label: "Keyboard shortcuts",
			icon: <Keyboard size={16} />,
			keys: "?",
			onSelect: () => onOpen("shortcuts"),
		},
		{ label: "Your name and colour", icon: <UserPen size={16} />, onSelect: () => onOpen("profile") },
		...(writable
			? [
					{
						label: "Move to trash",
						icon: <Trash2 size={16} />,
						danger: true,
						onSelect: () => void trashHere(live),
					},
				]
			: []),
		...themeItems(),
	]
	return (
		<Menu label="Document menu" items={items} align="end">
			<Ellipsis size={20} />
		</Menu>
	)
}
