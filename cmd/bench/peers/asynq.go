package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// onAsynq keeps tasks in asynq. Its TaskID makes a repeat of an order a conflict,
// for as long as the task is retained.
type onAsynq struct {
	client    *asynq.Client
	inspector *asynq.Inspector
	server    *asynq.Server // nil without the job
	db        *redis.Client
	provider
}

const (
	queue  = "default"
	retain = 90 * 24 * time.Hour
	// hands is how many tasks are worked on, and connections held, at once: Redis
	// syncs once for all commands that wait, so that many make it faster.
	hands = 128
)

func openAsynq(addr string, shops map[string]shop, job bool) (*onAsynq, error) {
	at := asynq.RedisClientOpt{Addr: addr, PoolSize: hands}
	e := &onAsynq{client: asynq.NewClient(at), inspector: asynq.NewInspector(at), db: redis.NewClient(&redis.Options{Addr: addr, PoolSize: hands})}
	if err := e.db.FlushAll(context.Background()).Err(); err != nil {
		return nil, err
	}
	if !job {
		return e, nil
	}
	e.server = asynq.NewServer(at, asynq.Config{
		Concurrency: hands, LogLevel: asynq.ErrorLevel,
		IsFailure:      func(err error) bool { _, capped := errors.AsType[full](err); return !capped },
		RetryDelayFunc: again,
	})
	return e, e.server.Start(asynq.HandlerFunc(e.work))
}

func (e *onAsynq) enqueue(ctx context.Context, t task) error {
	payload, err := json.Marshal(t)
	if err != nil {
		return err
	}
	options := []asynq.Option{asynq.TaskID(t.Vendor + ":" + t.Order), asynq.Retention(retain)}
	if e.server == nil {
		options = append(options, asynq.ProcessAt(t.At.Add(delay)))
	}
	_, err = e.client.EnqueueContext(ctx, asynq.NewTask(t.Kind(), payload), options...)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return err
}

// full says that the vendor's hour has no place until then.
type full struct{ until time.Time }

func (f full) Error() string { return "the hour is full until " + f.until.String() }

func again(n int, err error, t *asynq.Task) time.Duration {
	if f, ok := errors.AsType[full](err); ok {
		return time.Until(f.until)
	}
	return asynq.DefaultRetryDelayFunc(n, err, t)
}

// takeSlot keeps the times of a vendor's letters for an hour, in one step, so that
// no hour ever has more than the cap. It answers when there will be a place.
var takeSlot = redis.NewScript(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
	return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
end
redis.call('ZADD', KEYS[1], ARGV[1] + 3600000, ARGV[3])
return '0'`)

// record keeps that an order's letter was sent, and counts it the first time.
var record = redis.NewScript(`
if redis.call('HSETNX', KEYS[1], 'sent_at', ARGV[1]) == 1 then
	redis.call('HINCRBY', KEYS[2], 'sent', 1)
	redis.call('INCR', 'sent')
end
return 0`)

func (e *onAsynq) work(ctx context.Context, a *asynq.Task) error {
	var t task
	if err := json.Unmarshal(a.Payload(), &t); err != nil {
		return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
	}
	free, err := takeSlot.Run(ctx, e.db, []string{"hour:" + t.Vendor}, time.Now().UnixMilli(), highCap, t.Order).Int64()
	if err != nil {
		return err
	}
	if free > 0 {
		return full{time.UnixMilli(free)}
	}
	if err := e.deliver(t); err != nil {
		return err
	}
	return record.Run(ctx, e.db, []string{"invitation:" + t.Vendor + ":" + t.Order, "vendor:" + t.Vendor}, time.Now().UnixMilli()).Err()
}

func (e *onAsynq) counts(ctx context.Context) (c counts, err error) {
	c.Sent = e.sent()
	if e.server != nil {
		c.Kept, err = e.db.Get(ctx, "sent").Int64()
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		return c, err
	}
	info, err := e.inspector.GetQueueInfo(queue)
	if errors.Is(err, asynq.ErrQueueNotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	c.Kept = int64(info.Size)
	return c, nil
}

func (e *onAsynq) close() {
	if e.server != nil {
		e.server.Shutdown()
	}
	_, _, _ = e.client.Close(), e.inspector.Close(), e.db.Close() // the process ends
}
