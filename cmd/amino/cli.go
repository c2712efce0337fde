package main

import (
	"context"
	"io"

	"github.com/alecthomas/kong"
)

// cli is the command line. Its forms are stable: scripts lean on them.
type cli struct {
	Data string `placeholder:"DIR" help:"The folder with the data (AMINO_DATA; amino-data)."`
	JSON bool   `name:"json" help:"Print JSON, for scripts."`

	Serve   serveVerb   `cmd:"" help:"Run the service."`
	Demo    demoVerb    `cmd:"" help:"Play the whole cycle, from order to review, in a folder that is gone afterwards."`
	Clock   clockVerb   `cmd:"" help:"Show or advance the clock, for trying things."`
	Vendor  vendorVerb  `cmd:"" help:"Vendors: the businesses that invite."`
	Key     keyVerb     `cmd:"" help:"API keys of a vendor."`
	Shop    shopVerb    `cmd:"" help:"Shops of a vendor, whose orders become invitations."`
	Queue   queueVerb   `cmd:"" help:"Letters that wait to be sent."`
	Event   eventVerb   `cmd:"" help:"What the shops told, and what became of it."`
	Stats   statsVerb   `cmd:"" help:"What became of a vendor's invitations."`
	Sender  senderVerb  `cmd:"" help:"Whether mail may leave; open a sender that closed."`
	Check   checkVerb   `cmd:"" help:"Recount what is kept and look for damage."`
	Config  configVerb  `cmd:"" help:"The settings in effect, and where each comes from."`
	Version versionVerb `cmd:"" help:"The version of this program."`
}

// session is what a verb runs in.
type session struct {
	ctx      context.Context
	settings settings
	env      environment
	json     bool
	out, err io.Writer
}

// tomlName is looked for where the program is started.
const tomlName = "amino.toml"

// run is the program: it reads the command line and runs its verb.
func run(ctx context.Context, env environment, args []string, stdout, stderr io.Writer) error {
	var c cli
	helped := false
	parser, err := kong.New(&c, kong.Name("amino"), kong.Description("Amino Bridge asks a shop's customers for a review after their order has arrived."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	verb, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return err
	}
	s := &session{ctx: ctx, env: env, json: c.JSON, out: stdout, err: stderr}
	if s.settings, err = loadSettings(c.flags(), env, tomlName); err != nil {
		return err
	}
	return verb.Run(s)
}

// flags are the settings that the command line gives.
func (c *cli) flags() map[string]string {
	return map[string]string{"data": c.Data, "addr": c.Serve.Addr, "public_url": c.Serve.PublicURL}
}
