// `npm start`: installs, builds and serves. Arguments after `--` go to the server.
import { spawn } from "node:child_process"
import { binary, build, installPackages, requireToolchain, root } from "./tools.mjs"

requireToolchain()
installPackages()
build()
const server = spawn(binary, ["serve", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" })
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => server.kill(signal))
server.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
