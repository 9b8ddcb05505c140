// quill-delta's time on the pairs of changes that the benchmarks in
// ot/algebra_bench_test.go measure: node ot/ottest/oracle/bench.mjs
import Delta from "quill-delta"

const single = [
	[{ retain: 1200 }, { insert: "x" }],
	[{ retain: 900 }, { insert: "y" }],
]
const five = [
	[
		{ retain: 100 },
		{ insert: "hello", attributes: { bold: true } },
		{ retain: 50 },
		{ delete: 10 },
		{ retain: 200 },
		{ retain: 30, attributes: { italic: true } },
		{ retain: 40 },
		{ insert: "world", attributes: { link: "https://example.org/" } },
		{ retain: 10 },
		{ delete: 4 },
	],
	[
		{ retain: 90 },
		{ delete: 30 },
		{ retain: 60 },
		{ insert: "brave", attributes: { color: "#ff0000" } },
		{ retain: 150 },
		{ retain: 60, attributes: { bold: true, italic: null } },
		{ retain: 20 },
		{ insert: "new", attributes: { bold: true } },
		{ retain: 30 },
		{ retain: 5, attributes: { code: true } },
	],
]

function measure(name, work) {
	for (let i = 0; i < 20000; i++) work() // warm up
	const rounds = 100000
	const started = process.hrtime.bigint()
	for (let i = 0; i < rounds; i++) work()
	console.log(`${name.padEnd(18)} ${Number(process.hrtime.bigint() - started) / rounds} ns`)
}

for (const [name, [a, b]] of Object.entries({ single, five })) {
	const x = new Delta(a)
	const y = new Delta(b)
	measure(`transform/${name}`, () => x.transform(y, true))
	measure(`compose/${name}`, () => x.compose(y))
}
