import { announce } from "../announce"

/**
 * Puts text on the clipboard and says so. Without the clipboard's permission,
 * as on plain http, the older way still works on a selected field.
 */
export async function copyText(text: string, field?: HTMLInputElement | HTMLTextAreaElement | null): Promise<boolean> {
	field?.select()
	try {
		await navigator.clipboard.writeText(text)
	} catch {
		if (!field || !document.execCommand("copy")) {
			announce("The browser did not allow copying. Copy the selected text yourself.")
			return false
		}
	}
	announce("Copied")
	return true
}
