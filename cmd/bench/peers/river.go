package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// onRiver keeps tasks in River, unique by vendor and order for as long as their
// rows are there.
type onRiver struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	job    bool
	provider
}

// schema is what the job needs beside River's own tables. A slot counts until it is
// free; live is how many of a vendor's do, so that nobody has to count them.
const schema = `
drop table if exists vendor, slot, invitation;
create table vendor (id text primary key, cap int not null, live int not null, sent bigint not null);
create table slot (vendor text not null, free timestamptz not null);
create index on slot (vendor, free);
create table invitation (vendor text not null, order_ref text not null, id text not null, email text not null, sent_at timestamptz not null,
	primary key (vendor, order_ref));`

const connections = 64

func openRiver(ctx context.Context, dsn string, shops map[string]shop, job bool) (*onRiver, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	e := &onRiver{job: job}
	if e.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	if err := e.prepare(ctx, shops); err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{engine: e})
	c := &river.Config{Workers: workers, Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if job {
		c.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 3 * connections}}
		c.FetchCooldown, c.FetchPollInterval = river.FetchCooldownMin, 100*time.Millisecond
	}
	if e.client, err = river.NewClient(riverpgxv5.New(e.pool), c); err != nil {
		return nil, err
	}
	if job {
		// Not with the context of the signal: close stops it in order.
		return e, e.client.Start(context.WithoutCancel(ctx))
	}
	return e, nil
}

func (e *onRiver) prepare(ctx context.Context, shops map[string]shop) error {
	migrator, err := rivermigrate.New(riverpgxv5.New(e.pool), nil)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	if _, err := e.pool.Exec(ctx, "truncate river_job;"+schema); err != nil {
		return err
	}
	for _, s := range shops {
		if _, err := e.pool.Exec(ctx, "insert into vendor values ($1, $2, 0, 0) on conflict do nothing", s.Vendor, highCap); err != nil {
			return err
		}
	}
	return nil
}

func (e *onRiver) enqueue(ctx context.Context, t task) error {
	options := &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}}
	if !e.job {
		options.ScheduledAt = t.At.Add(delay)
	}
	_, err := e.client.Insert(ctx, t, options)
	return err
}

type worker struct {
	river.WorkerDefaults[task]
	engine *onRiver
}

// Work does the whole of a job; River calls it.
func (w *worker) Work(ctx context.Context, j *river.Job[task]) error {
	wait, err := w.engine.takeSlot(ctx, j.Args.Vendor)
	if err != nil {
		return err
	}
	if wait > 0 {
		return river.JobSnooze(wait)
	}
	if err := w.engine.deliver(j.Args); err != nil {
		return err
	}
	return w.engine.record(ctx, j.Args)
}

// takeSlot is one transaction and one journey: what has run out is let go of, and a
// slot taken unless the hour is full. The vendor's row keeps two from taking the last.
func (e *onRiver) takeSlot(ctx context.Context, vendor string) (wait time.Duration, err error) {
	b := &pgx.Batch{}
	b.Queue(`with gone as (delete from slot where vendor = $1 and free <= now() returning 1)
		update vendor set live = live - (select count(*) from gone) where id = $1 and exists (select from gone)`, vendor)
	b.Queue(`with took as (update vendor set live = live + 1 where id = $1 and live < cap returning id)
		insert into slot select id, now() + interval '1 hour' from took`, vendor)
	results := e.pool.SendBatch(ctx, b)
	defer func() { _ = results.Close() }() // what is wrong, the two say
	if _, err := results.Exec(); err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	if err != nil || tag.RowsAffected() > 0 {
		return 0, err
	}
	return time.Second, nil // when the first comes free is not looked for
}

// record keeps that an order's letter was sent, and counts it the first time.
func (e *onRiver) record(ctx context.Context, t task) error {
	_, err := e.pool.Exec(ctx, `with new as (insert into invitation values ($1, $2, $3, $4, now()) on conflict do nothing returning vendor)
		update vendor set sent = sent + 1 where id in (select vendor from new)`, t.Vendor, t.Order, t.Invitation.String(), t.Email)
	return err
}

func (e *onRiver) counts(ctx context.Context) (c counts, err error) {
	c.Sent = e.sent()
	of := "select count(*) from river_job"
	if e.job {
		of = "select sum(sent)::bigint from vendor"
	}
	err = e.pool.QueryRow(ctx, of).Scan(&c.Kept)
	return c, err
}

func (e *onRiver) close() {
	if e.job {
		within, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		_ = e.client.Stop(within) // what is left undone is left in a database that is thrown away
	}
	e.pool.Close()
}
