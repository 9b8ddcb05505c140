import { AxeBuilder } from "@axe-core/playwright"
import { expect, type Page } from "@playwright/test"

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

/** Looks at the page as it stands, in both themes, which differ in colours alone: no violation of WCAG 2.2 AA that a machine can find. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
	for (const colorScheme of ["light", "dark"] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
		const axe = new AxeBuilder({ page }).setLegacyMode(true)
		axe.options({ resultTypes: ["violations"], preload: false })
		if (colorScheme === "light") axe.withTags(rules)
		else axe.withRules(["color-contrast", "link-in-text-block"])
		const { violations } = await axe.analyze()
		const found = violations.flatMap(({ id, nodes }) =>
			nodes.map((node) => `${id}: ${node.target.join(" ")} - ${node.failureSummary?.split("\n").slice(1).join(" ")}`),
		)
		expect(found, `${what}, ${colorScheme}`).toEqual([])
	}
}
