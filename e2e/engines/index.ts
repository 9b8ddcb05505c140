import { chromium } from "./chromium"
import type { Engine } from "./engine"
import { firefox } from "./firefox"

/** The browser of this run. */
export const engine: Engine = process.env.FIREFOX ? firefox : chromium
