package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
)

// upkeep is what the cron table needs of a store.
type upkeep interface {
	Expire(ctx context.Context, now time.Time, n int) (done int, more bool, err error)
	Retain(ctx context.Context, now time.Time, n int) (done int, more bool, err error)
	WallChecked(ctx context.Context) (steady bool, err error)
}

// chore catches up all of one kind that is due, whenever it is asked to.
type chore struct {
	name string
	spec string // cron's five fields, UTC; only a tick, so a missed one is no loss
	step func(ctx context.Context, now time.Time, n int) (done int, more bool, err error)
}

// chores is the cron table. What hangs on the calendar is held back while the
// wall is not to be trusted: expiry cannot be taken back.
type chores struct {
	store upkeep
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	held bool // said already
}

func (c *chores) table() []chore {
	return []chore{
		{"expire", "* * * * *", c.store.Expire},
		{"retain", "*/10 * * * *", c.store.Retain},
	}
}

// run ticks until ctx is done, and returns when the last tick has ended.
func (c *chores) run(ctx context.Context) error {
	log := cronLog{c.log}
	runner := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(log),
		cron.WithChain(cron.Recover(log), cron.SkipIfStillRunning(log)))
	for _, job := range c.table() {
		if _, err := runner.AddFunc(job.spec, func() { c.tick(ctx, job) }); err != nil {
			return err
		}
	}
	c.all(ctx)
	runner.Start()
	<-ctx.Done()
	<-runner.Stop().Done()
	return nil
}

// all runs every chore now.
func (c *chores) all(ctx context.Context) {
	for _, job := range c.table() {
		c.tick(ctx, job)
	}
}

func (c *chores) tick(ctx context.Context, job chore) {
	done, err := c.catchUp(ctx, job)
	switch {
	case err != nil && ctx.Err() == nil:
		c.log.Error("chore failed", "chore", job.name, "done", done, "error", err)
	case done > 0:
		c.log.Info("chore done", "chore", job.name, "done", done)
	}
}

// chunk bounds one step: so much is looked for at once, and a step that has begun is
// finished within some seconds. How much of it is written at once is the store's.
const chunk = 16384

// catchUp repeats the chore's step until nothing is due, or two in a row did nothing:
// one may find nothing but what fails, which the next then leaves aside. A step that
// has begun is finished; ctx is looked at between two. It returns the last error.
func (c *chores) catchUp(ctx context.Context, job chore) (total int, err error) {
	step := context.WithoutCancel(ctx)
	steady, err := c.store.WallChecked(step)
	if err != nil {
		return 0, err
	}
	c.tell(!steady)
	for more, idle := steady, 0; more && idle < 2; {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		var done int
		var failed error
		if done, more, failed = job.step(step, c.now(), chunk); failed != nil {
			err = failed
		}
		total += done
		if idle++; done > 0 {
			idle = 0
		}
	}
	return total, err
}

// tell logs once that the calendar is held back, and once that it is not.
func (c *chores) tell(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held == c.held {
		return
	}
	c.held = held
	if held {
		c.log.Warn("the wall clock jumped; expiry and retention wait until it has run steadily for a day")
		return
	}
	c.log.Info("the wall clock runs steadily again; expiry and retention go on")
}

// cronLog hands cron's own words on: a panic in a chore is an error, the rest is
// of no interest.
type cronLog struct{ log *slog.Logger }

func (l cronLog) Info(string, ...any) {}
func (l cronLog) Error(err error, msg string, keysAndValues ...any) {
	l.log.Error("chore: "+msg, append(keysAndValues, "error", err)...)
}
