import { signal } from "@preact/signals"

/** Light, dark, or whatever the system says. */
export type Theme = "system" | "light" | "dark"

const KEY = "coscribe.theme" // public/assets/theme-1.js reads the same key before the first paint

function stored(): Theme {
	try {
		const value = localStorage.getItem(KEY)
		return value === "light" || value === "dark" ? value : "system"
	} catch {
		return "system"
	}
}

/** The theme chosen on this browser. */
export const theme = signal<Theme>(stored())

/** Chooses a theme and keeps it, where the browser lets us keep anything. */
export function chooseTheme(value: Theme): void {
	theme.value = value
	if (value === "system") delete document.documentElement.dataset.theme
	else document.documentElement.dataset.theme = value
	try {
		if (value === "system") localStorage.removeItem(KEY)
		else localStorage.setItem(KEY, value)
	} catch {
		// Storage is denied: the choice lasts as long as this tab.
	}
}
