// Coscribe serves documents that several people write in at once. See
// README.md; `coscribe --help` lists commands and options.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// version is set when a release is built: -ldflags "-X main.version=v1.2.3".
var version = ""

func main() { os.Exit(run(os.Args[1:])) }

// run is the program: it returns the exit code.
func run(args []string) int {
	limitMemory()
	chosen, err := choose(args)
	if err != nil {
		return fail(err)
	}
	ctx, stop := stopSignals()
	defer stop()
	if err := chosen.Run(ctx); err != nil {
		return fail(err)
	}
	return 0
}

// command is one of the table's, with its options filled in.
type command interface {
	Run(ctx context.Context) error
}

// choose reads the command line. Nothing of the parser is reachable from the
// command: a server would keep its half a megabyte for as long as it serves.
func choose(args []string) (command, error) {
	var table commands
	parser, err := kong.New(&table,
		kong.Name("coscribe"),
		kong.Description("Documents that several people write in at once, on your own server. What is shown as saved is on disk."),
		kong.DefaultEnvars("COSCRIBE"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": programVersion()},
	)
	if err != nil {
		return nil, err
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return nil, fmt.Errorf("%w; try: coscribe --help", err)
	}
	table.Serve.Settings = settings(chosen)
	return chosen.Selected().Target.Addr().Interface().(command), nil // TestEveryCommandRuns
}

// fail says what went wrong in one sentence.
func fail(err error) int {
	fmt.Fprintln(os.Stderr, "coscribe: "+explain(err))
	return 1
}

// stopSignals returns a context that the first SIGINT or SIGTERM ends; the
// second one ends the process.
func stopSignals() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go stopBy(signals, cancel, func() {
		fmt.Fprintln(os.Stderr, "coscribe: stopped at once; what was acknowledged is on disk")
		os.Exit(1)
	})
	return ctx, cancel
}

// oneSignal is the time within which signals are one: Ctrl+C goes to all that a
// terminal runs, and npm and other programs around this one pass theirs on.
const oneSignal = time.Second

// stopBy stops at the first signal and ends at the second.
func stopBy(signals <-chan os.Signal, stop, end func()) {
	<-signals
	first := time.Now()
	stop()
	for range signals {
		if time.Since(first) >= oneSignal {
			end()
			return
		}
	}
}

// programVersion is the release, else the commit that was built.
func programVersion() string {
	if version != "" {
		return version
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "development"
	}
	if build.Main.Version != "" && build.Main.Version != "(devel)" {
		return build.Main.Version
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return "development " + setting.Value[:12]
		}
	}
	return "development"
}
