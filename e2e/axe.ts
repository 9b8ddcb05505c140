import { AxeBuilder } from "@axe-core/playwright"
import { expect, type Page } from "@playwright/test"

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

/** Looks at the page as it stands, in both themes: no violation of WCAG 2.2 AA that a machine can find. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
	for (const colorScheme of ["light", "dark"] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
		const { violations } = await new AxeBuilder({ page })
			.options({ resultTypes: ["violations"], preload: false })
			.withTags(rules)
			.setLegacyMode(true)
			.analyze()
		const found = violations.flatMap(({ id, nodes }) =>
			nodes.map((node) => `${id}: ${node.target.join(" ")} - ${node.failureSummary?.split("\n").slice(1).join(" ")}`),
		)
		expect(found, `${what}, ${colorScheme}`).toEqual([])
	}
}
