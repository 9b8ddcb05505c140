/**
 * Whether a key is an input method's: the Enter that chooses a word must not also end the field. Safari tells of it
 * after the composition has ended, as key code 229 (https://bugs.webkit.org/show_bug.cgi?id=165004).
 */
export function composing(event: KeyboardEvent): boolean {
	return event.isComposing || event.keyCode === 229
}
