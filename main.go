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

	"github.com/alecthomas/kong"
)

// version is set when a release is built: -ldflags "-X main.version=v1.2.3".
var version = ""

func main() { os.Exit(run(os.Args[1:])) }

// run is the program: it returns the exit code.
func run(args []string) int {
	limitMemory()
	var table commands
	parser, err := kong.New(&table,
		kong.Name("coscribe"),
		kong.Description("Documents that several people write in at once, on your own server. What is shown as saved is on disk."),
		kong.DefaultEnvars("COSCRIBE"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": programVersion()},
	)
	if err != nil {
		return fail(err)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return fail(fmt.Errorf("%w; try: coscribe --help", err))
	}
	ctx, stop := stopSignals()
	defer stop()
	chosen.BindTo(ctx, (*context.Context)(nil))
	table.Serve.Settings = settings(chosen)
	if err := chosen.Run(); err != nil {
		return fail(err)
	}
	return 0
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
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "coscribe: stopped at once; what was acknowledged is on disk")
		os.Exit(1)
	}()
	return ctx, cancel
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
