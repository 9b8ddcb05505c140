import {
	AlignCenter,
	AlignJustify,
	AlignLeft,
	AlignRight,
	AtSign,
	Bold,
	ChevronDown,
	Code,
	IndentDecrease,
	IndentIncrease,
	Italic,
	Link,
	List,
	ListChecks,
	ListOrdered,
	PilcrowLeft,
	PilcrowRight,
	Plus,
	Redo2,
	RemoveFormatting,
	Strikethrough,
	Underline,
	Undo2,
} from "lucide-preact"
import type { Align, Commands, Editor, Formats, ToggleMark } from "../../editor/types.ts"
import { Menu, type MenuItem } from "../ui/Menu"
import { BLOCKS, INSERTS } from "./blocks"
import { ColorTool } from "./ColorTool"
import { writeKeys } from "./keys"
import { Tool, ToolRow } from "./Tool"

/** The five marks in the order of toolbars. */
const MARKS = [
	{ mark: "bold", label: "Bold", keys: "Mod-b", Icon: Bold },
	{ mark: "italic", label: "Italic", keys: "Mod-i", Icon: Italic },
	{ mark: "underline", label: "Underline", keys: "Mod-u", Icon: Underline },
	{ mark: "strike", label: "Strikethrough", keys: "Mod-Shift-x", Icon: Strikethrough },
	{ mark: "code", label: "Code", keys: "Mod-e", Icon: Code },
] as const satisfies readonly { mark: ToggleMark; label: string; keys: string; Icon: unknown }[]

/** Their buttons. */
export function MarkTools({ formats, commands, size }: { formats: Formats; commands: Commands; size: number }) {
	return MARKS.map(({ mark, label, keys, Icon }) => (
		<Tool key={mark} label={label} keys={keys} pressed={formats.marks[mark]} onPress={() => commands.toggleMark(mark)}>
			<Icon size={size} />
		</Tool>
	))
}

const ALIGNS = [
	{ align: "left", label: "Left", Icon: AlignLeft },
	{ align: "center", label: "Centre", Icon: AlignCenter },
	{ align: "right", label: "Right", Icon: AlignRight },
	{ align: "justify", label: "Justify", Icon: AlignJustify },
] as const satisfies readonly { align: Align; label: string; Icon: unknown }[]

interface ToolbarProps {
	editor: Editor
	formats: Formats
	canUndo: boolean
	canRedo: boolean
	onLink: () => void
	onImage: () => void
}

/** Everything one can do to the text, by pointer, finger and keyboard. */
export function Toolbar({ editor, formats, canUndo, canRedo, onLink, onImage }: ToolbarProps) {
	const { commands } = editor
	const back = () => editor.focus()
	const then = (run: () => unknown) => () => {
		run()
		editor.focus()
	}
	const block = BLOCKS.find((named) => named.kind === formats.block) ?? BLOCKS[0]
	const AlignIcon = (ALIGNS.find((choice) => choice.align === formats.align) ?? ALIGNS[0]).Icon

	const blockItems: MenuItem[] = BLOCKS.map((named) => ({
		label: named.label,
		icon: named.icon,
		keys: named.typed,
		checked: named.kind === formats.block,
		onSelect: then(() => commands.setBlock(named.kind, false)),
	}))
	const alignItems: MenuItem[] = [
		...ALIGNS.map(({ align, label, Icon }) => ({
			label,
			icon: <Icon size={16} />,
			checked: formats.align === align,
			onSelect: then(() => commands.setAlign(align)),
		})),
		{
			label: "Left to right",
			icon: <PilcrowRight size={16} />,
			separated: true,
			checked: formats.direction === "ltr",
			onSelect: then(() => commands.setDirection("ltr")),
		},
		{
			label: "Right to left",
			icon: <PilcrowLeft size={16} />,
			checked: formats.direction === "rtl",
			onSelect: then(() => commands.setDirection("rtl")),
		},
	]
	const insertItems: MenuItem[] = [
		{ label: INSERTS.link.label, icon: INSERTS.link.icon, keys: writeKeys("Mod-k"), onSelect: onLink },
		{ label: INSERTS.image.label, icon: INSERTS.image.icon, onSelect: onImage },
		{
			label: INSERTS.divider.label,
			icon: INSERTS.divider.icon,
			keys: "---",
			onSelect: then(() => commands.insertDivider()),
		},
		{
			label: "Mention",
			icon: <AtSign size={16} />,
			keys: "@",
			onSelect: then(() => commands.insertText("@")),
		},
		{
			label: "Clear formatting",
			icon: <RemoveFormatting size={16} />,
			keys: writeKeys("Mod-\\"),
			separated: true,
			onSelect: then(() => commands.clearFormatting()),
		},
	]

	return (
		<ToolRow label="Formatting" class="toolbar" onLeave={back}>
			<Tool label="Undo" keys="Mod-z" disabled={!canUndo} onPress={() => commands.undo()}>
				<Undo2 size={17} />
			</Tool>
			<Tool label="Redo" keys="Mod-Shift-z" disabled={!canRedo} onPress={() => commands.redo()}>
				<Redo2 size={17} />
			</Tool>
			<span class="tool-gap" />
			<Menu label="Kind of line" items={blockItems} class="tool icon-button tool-block" refocus={false}>
				<span>{block?.label}</span>
				<ChevronDown size={14} aria-hidden="true" />
			</Menu>
			<span class="tool-gap" />
			<MarkTools formats={formats} commands={commands} size={17} />
			<ColorTool formats={formats} commands={commands} onDone={back} />
			<Tool label="Link" keys="Mod-k" pressed={formats.link !== null} onPress={onLink}>
				<Link size={17} />
			</Tool>
			<span class="tool-gap" />
			<Tool
				label="Bullet list"
				keys="Mod-Shift-8"
				pressed={formats.block === "bullet"}
				onPress={() => commands.setBlock("bullet", true)}
			>
				<List size={17} />
			</Tool>
			<Tool
				label="Numbered list"
				keys="Mod-Shift-7"
				pressed={formats.block === "ordered"}
				onPress={() => commands.setBlock("ordered", true)}
			>
				<ListOrdered size={17} />
			</Tool>
			<Tool
				label="Check list"
				keys="Mod-Shift-9"
				pressed={formats.block === "check"}
				onPress={() => commands.setBlock("check", true)}
			>
				<ListChecks size={17} />
			</Tool>
			<Tool class="touch-only" label="Outdent" disabled={formats.indent === 0} onPress={() => commands.outdent()}>
				<IndentDecrease size={17} />
			</Tool>
			<Tool class="touch-only" label="Indent" onPress={() => commands.indent()}>
				<IndentIncrease size={17} />
			</Tool>
			<span class="tool-gap" />
			<Menu label="Alignment" items={alignItems} class="tool icon-button" refocus={false}>
				<AlignIcon size={17} />
			</Menu>
			<Menu label="Insert" items={insertItems} class="tool icon-button" refocus={false} align="end">
				<Plus size={18} />
			</Menu>
		</ToolRow>
	)
}
