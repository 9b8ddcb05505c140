import { chooseLetters, letters } from "../letters"
import { Dialog } from "../ui/Dialog"
import { writeKeys } from "./keys"
import "../ui/forms.css"

/** Every key of the page and the editor, grouped by what one wants. The same as in Google Docs where that has one. */
const GROUPS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
	[
		"Text",
		[
			["Bold", "Mod-b"],
			["Italic", "Mod-i"],
			["Underline", "Mod-u"],
			["Strikethrough", "Mod-Shift-x"],
			["Code", "Mod-e"],
			["Link", "Mod-k"],
			["Clear formatting", "Mod-\\"],
		],
	],
	[
		"Lines",
		[
			["Heading 1, 2 or 3", "Mod-Alt-1…3"],
			["Plain text", "Mod-Alt-0"],
			["Numbered list", "Mod-Shift-7"],
			["Bullet list", "Mod-Shift-8"],
			["Check list", "Mod-Shift-9"],
			["Tick or untick", "Mod-Enter"],
			["Indent", "Mod-]"],
			["Outdent", "Mod-["],
			["Align left, centre, right, both", "Mod-Shift-L E R J"],
		],
	],
	[
		"Typing",
		[
			["Insert something", "/"],
			["Mention a person", "@"],
			["Heading", "# "],
			["List", "- "],
			["Check list", "[] "],
			["Quote", "> "],
			["Code block", "```"],
			["Divider", "---"],
		],
	],
	[
		"Document",
		[
			["Undo", "Mod-z"],
			["Redo", "Mod-Shift-z"],
			["Find", "Mod-f"],
			["Next match", "Mod-g"],
			["To the toolbar", "Alt-F10"],
			["These shortcuts", "Mod-/"],
		],
	],
	[
		"List of documents",
		[
			["New document", "n"],
			["Search", "/"],
			["Up and down", "↑ ↓"],
			["Rename", "F2"],
			["Move to trash", "Del"],
			["Take that back", "Mod-z"],
		],
	],
]

/** Everything before a hyphen is a modifier; typed characters are shown as they are. */
function shown(keys: string): string {
	return /^(Mod|Alt|Shift)-/.test(keys) ? writeKeys(keys) : keys.trim()
}

/** The keyboard map. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
	return (
		<Dialog title="Keyboard shortcuts" onClose={onClose} wide>
			<div class="shortcuts">
				{GROUPS.map(([name, keys]) => (
					<section key={name}>
						<h3>{name}</h3>
						<dl>
							{keys.map(([what, pressed]) => (
								<div key={what + pressed} class="shortcut">
									<dt>{what}</dt>
									<dd>
										<kbd>{shown(pressed)}</kbd>
									</dd>
								</div>
							))}
						</dl>
					</section>
				))}
			</div>
			<label class="tick">
				<input
					type="checkbox"
					defaultChecked={letters()}
					onChange={(event) => chooseLetters(event.currentTarget.checked)}
				/>
				Single keys are shortcuts, outside of text: n, / and ?
			</label>
		</Dialog>
	)
}
