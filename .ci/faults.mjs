// `npm run faults`: every fault campaign with the counts that
// docs/reliability.md names. `npm run faults -- kill disk` runs only the named
// ones; what begins with a dash goes to the tests of the program, such as
// -faults.seed=7 or -faults.kills=20.
import { fail, requireToolchain, run } from "./tools.mjs"

const go = (folder, name, ...flags) =>
	run("go", ["test", folder, "-run", name, "-v", "-count", "1", "-timeout", "3h", ...flags], {
		env: { COSCRIBE_FAULTS: "1", CGO_ENABLED: "0" },
	})
// The real program, from outside.
const program = (name) => go(".", name, ...flags)
const campaigns = {
	world: () => go("./collab/collabtest", "TestWorld$", "-world.seeds=100000"),
	kill: () => program("TestFaultKill$"),
	power: () => program("TestFaultPowerCut"),
	disk: () => program("TestFaultDisk|TestFaultReadOnly"),
	resend: () => program("TestFaultResend$"),
	network: () => program("TestFaultNetwork$"),
	stalled: () => program("TestFaultStalled$"),
	crowd: () => program("TestFaultCrowd$"),
	damage: () => program("TestFaultDamage|TestFaultOldDatabase"),
	panic: () => go("./collab/collabtest", "TestFaultPanics$"),
	soak: () => program("TestFaultSoak$"),
}

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"))
const flags = process.argv.slice(2).filter((word) => word.startsWith("-"))
for (const name of wanted)
	if (!campaigns[name]) fail(`no fault campaign "${name}"; there are ${Object.keys(campaigns).join(", ")}`)

requireToolchain()
const began = Date.now()
const order = wanted.length > 0 ? wanted : Object.keys(campaigns)
for (const name of order) {
	console.log(`\n== ${name} ==`)
	campaigns[name]()
}
console.log(`\nAll ${order.length} fault campaigns passed in ${((Date.now() - began) / 1000).toFixed(0)} s.`)
