const apple = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform)

/** Writes keys as this platform does: "Mod-Shift-7" becomes "Ctrl+Shift+7", or "⌘⇧7" on a Mac. */
export function writeKeys(keys: string, mac: boolean = apple): string {
	const parts = keys.split("-").map((key) => {
		if (key === "Mod") return mac ? "⌘" : "Ctrl"
		if (key === "Shift") return mac ? "⇧" : "Shift"
		if (key === "Alt") return mac ? "⌥" : "Alt"
		return key.length === 1 ? key.toUpperCase() : key
	})
	return parts.join(mac ? "" : "+")
}
