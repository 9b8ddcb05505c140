/** Colours offered to people: each reaches 4.5:1 with its own ink and 3:1 against both themes' ground. */
export const PERSON_COLORS = [
	{ name: "Orange", color: "#c2410c" },
	{ name: "Amber", color: "#b45309" },
	{ name: "Olive", color: "#4d7c0f" },
	{ name: "Green", color: "#15803d" },
	{ name: "Teal", color: "#0f766e" },
	{ name: "Cyan", color: "#0e7490" },
	{ name: "Blue", color: "#2563eb" },
	{ name: "Violet", color: "#6d5bd0" },
	{ name: "Purple", color: "#9333ea" },
	{ name: "Magenta", color: "#c026a3" },
	{ name: "Crimson", color: "#d0305f" },
	{ name: "Slate", color: "#64748b" },
] as const
