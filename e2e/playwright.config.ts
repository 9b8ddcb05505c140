import { defineConfig } from "@playwright/test"
import { engine } from "./engines"

// Each worker runs the real binary on a port of its own with an empty data
// folder (see fixtures.ts), in the browser that engines/ describes: Chromium,
// unless FIREFOX names a Firefox.
export default defineConfig({
	testDir: ".",
	outputDir: "../test-results",
	fullyParallel: true,
	forbidOnly: !!process.env.CI,
	workers: 2,
	// A second try on the machine that decides about landing; what needs it is listed as flaky.
	retries: process.env.CI ? 1 : 0,
	// Generous, for slow and busy machines: no test asserts a duration.
	timeout: 300_000,
	expect: { timeout: 60_000 },
	reporter: [["list"]],
	use: {
		viewport: { width: 1280, height: 800 },
		// Recording takes two thirds of a test's time: it photographs the page at every key. By hand: --trace on.
		trace: "on-first-retry",
		...engine.use,
	},
})
