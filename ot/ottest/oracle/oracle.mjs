// The differential campaign of law A10: package ot against quill-delta in this
// very Node, on the same random inputs.
//
//   npm run oracle -- --cases 1000000 [--seed 1]   compare; exit 1 on a mismatch
//   npm run oracle -- --mutants                    show that planted mistakes are noticed
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { questions, stable } from "./quill.mjs"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const mutants = [
	"tie flipped",
	"null kept",
	"runes for UTF-16",
	"aliasing",
	"off by one at the end",
	"attribute priority swapped",
	"delete before insert",
	"embed of length 0",
]
const maxShown = 5
const { values } = parseArgs({
	options: {
		cases: { type: "string", default: "100000" },
		seed: { type: "string", default: "1" },
		fault: { type: "string" },
		mutants: { type: "boolean" },
	},
})

/** Compares one tuple; gives the mismatches. */
function compare(tuple) {
	const found = []
	questions.forEach(([name, ask, turn], i) => {
		const given = turn ? turn(tuple, tuple.answers[i]) : tuple.answers[i]
		const got = stable(given)
		const want = stable(ask(tuple))
		if (got !== want) found.push({ name, got, want })
	})
	return found
}

/** Runs cases; stops at the first mismatch if told to. Gives the count of cases and of mismatches. */
async function campaign({ cases, seed, fault, stopEarly, show }) {
	const tuples = Math.ceil(cases / questions.length)
	const args = ["-tuples", String(tuples), "-seed", String(seed)]
	if (fault) args.push("-fault", fault)
	const child = spawn(join(folder, "oracle"), args, { stdio: ["ignore", "pipe", "inherit"] })
	const ended = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve))
	const count = { cases: 0, mismatches: 0, firstAt: 0 }
	let rest = ""
	child.stdout.setEncoding("utf8")
	reading: for await (const chunk of child.stdout) {
		const lines = (rest + chunk).split("\n")
		rest = lines.pop()
		for (const line of lines) {
			const tuple = JSON.parse(line)
			const found = compare(tuple)
			count.cases += questions.length
			if (found.length === 0) continue
			count.firstAt ||= count.cases
			count.mismatches += found.length
			if (show && count.mismatches <= maxShown) report(tuple, found)
			if (stopEarly) break reading
		}
	}
	child.stdout.destroy()
	if (stopEarly && count.mismatches > 0) return count // it ends by itself on the closed pipe
	const code = await ended
	if (code !== 0) throw new Error(`the Go side ended with code ${code}`)
	return count
}

function report(tuple, found) {
	for (const { name, got, want } of found) {
		console.log(`mismatch in ${name}, seed ${tuple.seed}`)
		for (const key of ["doc", "a", "b", "c", "index"]) console.log(`  ${key.padEnd(5)} ${JSON.stringify(tuple[key])}`)
		console.log(`  ot    ${got}\n  quill ${want}`)
		console.log(`  replay: npm run oracle -- --cases ${questions.length} --seed ${tuple.seed}`)
	}
}

async function checkMutants() {
	const limit = 20000
	let missed = 0
	const clean = await campaign({ cases: limit, seed: 1, fault: "none", show: true })
	console.log(`plain algebra without a fault: ${clean.mismatches} mismatches in ${clean.cases} cases`)
	for (const fault of mutants) {
		const { firstAt } = await campaign({ cases: limit, seed: 1, fault, stopEarly: true })
		console.log(`mutant "${fault}": ${firstAt ? `noticed within ${firstAt} cases` : `MISSED in ${limit} cases`}`)
		if (!firstAt) missed++
	}
	return missed === 0 && clean.mismatches === 0
}

async function compareAll() {
	const cases = Number(values.cases)
	const seed = BigInt(values.seed)
	if (!Number.isInteger(cases) || cases < 1) throw new Error("--cases wants a positive whole number")
	const started = Date.now()
	const count = await campaign({ cases, seed, fault: values.fault, show: true })
	const seconds = (Date.now() - started) / 1000
	console.log(
		`seed ${seed}: ${count.cases} cases in ${seconds.toFixed(1)} s, ${count.mismatches} mismatches with quill-delta`,
	)
	return count.mismatches === 0
}

const folder = mkdtempSync(join(tmpdir(), "coscribe-oracle-"))
try {
	execFileSync("go", ["build", "-o", join(folder, "oracle"), "./ot/ottest/oracle"], { cwd: root, stdio: "inherit" })
	process.exitCode = (await (values.mutants ? checkMutants() : compareAll())) ? 0 : 1
} finally {
	rmSync(folder, { recursive: true })
}
