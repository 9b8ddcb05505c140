import base from "../playwright.config"

// Measures instead of testing: `npm run measure:page`, on a machine that does nothing else.
export default {
	...base,
	testDir: ".",
	testMatch: "*.measure.ts",
	outputDir: "../../test-results",
	workers: 1,
	timeout: 300_000,
	reporter: [["./table.ts"]],
}
