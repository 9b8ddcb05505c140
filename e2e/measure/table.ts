import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter"

/** One line of the table in docs/performance.md. */
export interface Figure {
	readonly what: string
	readonly value: string
	readonly target: string
}

/** Prints the figures as a table for docs/performance.md. */
export default class Table implements Reporter {
	private readonly figures: Figure[] = []

	onTestEnd(test: TestCase, result: TestResult): void {
		if (result.status !== "passed") console.error(`${test.title}: ${result.status}\n${result.error?.message ?? ""}`)
		for (const { type, description } of result.annotations)
			if (type === "figure" && description) this.figures.push(JSON.parse(description) as Figure)
	}

	onEnd(result: FullResult): void {
		console.log("| what | measured | target |\n|---|---|---|")
		for (const { what, value, target } of this.figures) console.log(`| ${what} | ${value} | ${target} |`)
		if (result.status !== "passed") console.error(`not everything could be measured: ${result.status}`)
	}
}
