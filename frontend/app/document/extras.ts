/**
 * Parts of the document page that nobody needs to begin writing, in a chunk
 * of their own. It is fetched once the text is on the screen, so that it is
 * there when it is asked for, also after the connection is lost.
 */
import "./extras.css"

export { showDropPlace } from "../../editor/drop.ts"
export { DetailsDialog } from "./DetailsDialog"
export { EdgeMarks } from "./EdgeMarks"
export { FindBar } from "./FindBar"
export { ImageDialog } from "./ImageDialog"
export { LinkDialog } from "./LinkDialog"
export { Outline } from "./Outline"
export { SelectionBubble } from "./SelectionBubble"
export { ShortcutsDialog } from "./ShortcutsDialog"
export { SignInDialog } from "./SignInDialog"
export { mentionChoices, SuggestionMenu, slashChoices } from "./SuggestionMenu"
export { UnreachableDocument } from "./UnreachableDocument"
export { UnsavedDialog } from "./UnsavedDialog"
