/** The rich-text editor on a live document: ProseMirror with a flat schema, bound to the client library. */
export { createEditor } from "./editor.js"
export type * from "./types.js"
