import { defineConfig } from "vitest/config"

// Unit tests of all TypeScript. A file that needs a DOM says so in its first
// line: `// @vitest-environment jsdom`.
export default defineConfig({
	oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
	test: {
		include: ["frontend/**/*.test.{ts,tsx}"],
		environment: "node",
		// Generous, for slow machines: no test asserts a duration.
		testTimeout: 30_000,
	},
})
