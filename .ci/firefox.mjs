// `npm run firefox`: the browser tests in Firefox instead of Chromium. It is
// no part of `npm test`, which would take half as long again.
// `npm run firefox -- keyboard together` runs only those; what follows goes to Playwright.
import { build, installPackages, requireFirefox, requireToolchain, run } from "./tools.mjs"

requireToolchain()
installPackages()
const FIREFOX = requireFirefox()
build()
run("npx", ["--no-install", "playwright", "test", "--config", "e2e/playwright.config.ts", ...process.argv.slice(2)], {
	env: { FIREFOX },
})
