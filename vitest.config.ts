import { defineConfig } from "vitest/config"

// Unit tests of all TypeScript. A file that needs a DOM says so in its first
// line: `// @vitest-environment jsdom`.
export default defineConfig({
	oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
	test: {
		include: ["frontend/**/*.test.{ts,tsx}"],
		environment: "node",
		// Vitest leaves a core to whoever watches; nobody does, and of two it would leave half.
		maxWorkers: "100%",
		// Only what hangs meets it, on the slowest and busiest machine: no test asserts a duration.
		testTimeout: 180_000,
		hookTimeout: 180_000,
	},
})
