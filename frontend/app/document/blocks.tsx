import {
	Code,
	Heading1,
	Heading2,
	Heading3,
	Image,
	Link,
	List,
	ListChecks,
	ListOrdered,
	Minus,
	Quote,
	Type,
} from "lucide-preact"
import type { ComponentChildren } from "preact"
import type { BlockKind } from "../../editor/types.ts"

/** A kind of line as the page names and draws it. */
export interface BlockName {
	readonly kind: BlockKind
	readonly label: string
	readonly icon: ComponentChildren
	/** What to type for it instead, as in Markdown. */
	readonly typed: string
	/** Other words people look for. */
	readonly also: string
}

/** All kinds of line, in the order of menus. */
export const BLOCKS: readonly BlockName[] = [
	{ kind: "paragraph", label: "Text", icon: <Type size={16} />, typed: "", also: "plain paragraph normal" },
	{ kind: "heading1", label: "Heading 1", icon: <Heading1 size={16} />, typed: "#", also: "title h1 big" },
	{ kind: "heading2", label: "Heading 2", icon: <Heading2 size={16} />, typed: "##", also: "section h2" },
	{ kind: "heading3", label: "Heading 3", icon: <Heading3 size={16} />, typed: "###", also: "h3 small" },
	{ kind: "bullet", label: "Bullet list", icon: <List size={16} />, typed: "-", also: "unordered points" },
	{ kind: "ordered", label: "Numbered list", icon: <ListOrdered size={16} />, typed: "1.", also: "ordered" },
	{ kind: "check", label: "Check list", icon: <ListChecks size={16} />, typed: "[]", also: "todo task checkbox" },
	{ kind: "quote", label: "Quote", icon: <Quote size={16} />, typed: ">", also: "blockquote citation" },
	{ kind: "code", label: "Code block", icon: <Code size={16} />, typed: "```", also: "program source" },
]

/** What may be inserted that is not a kind of line. */
export const INSERTS = {
	image: { label: "Image", icon: <Image size={16} />, also: "picture photo" },
	divider: { label: "Divider", icon: <Minus size={16} />, also: "line rule separator hr" },
	link: { label: "Link", icon: <Link size={16} />, also: "url address" },
} as const
