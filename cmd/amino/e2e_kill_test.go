package main_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/resend/resendtest"
)

var (
	kills    = flag.Int("kills", 6, "how often TestKill kills the program")
	killSeed = flag.Uint64("seed", 0, "what TestKill chooses by; 0 for another one each time")
)

// TestKill kills the program again and again while a crowd uses it and its
// provider is in moods, and holds what was acknowledged against what is there in
// the end. The seed repeats every choice, though not what the machine makes of it.
func TestKill(t *testing.T) {
	t.Parallel()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-kills %d -seed %d", *kills, seed)
	c := newCrowd(t, seed)
	stop, clients := make(chan struct{}), sync.WaitGroup{}
	for n := range 8 {
		clients.Go(func() { c.client(n, stop) })
	}
	dice := c.dice(100)
	for n := range *kills {
		c.live(dice)
		// One time in four the next life begins with the leases of this one.
		if n == *kills-1 || dice.IntN(4) > 0 {
			c.move(2*time.Minute + rollTime(dice, 2*time.Hour))
		}
	}
	c.calm.Store(true)
	c.begin()
	close(stop)
	clients.Wait()
	c.drain()
	c.judgeOrders()
	c.judgeInvitations()
	c.judgeNoes()
	t.Log(c.figures())
}

// crowd is a shop, software and customers that do not stop when the program is
// killed: whoever is not answered 2xx tries again.
type crowd struct {
	*world
	seed     uint64
	env      []string
	vendor   *vendor
	outside  *world // the program as the crowd sees it: an address that is there or not
	software *vendor
	shop     *shop
	addr     atomic.Value // string; where the program serves, or served
	provided *httptest.Server
	calm     atomic.Bool

	mu       sync.Mutex
	moods    *rand.Rand
	slowest  time.Duration        // the provider's answers take up to that, in this life
	told     map[string]bool      // webhooks that were acknowledged, by topic and order
	withdraw map[string]bool      // orders that their shop withdrew
	answers  map[string]string    // the links that calls were answered with, by order_ref
	noes     map[string]time.Time // since when nobody may write to an address
	looked   []look
	reviewed map[string]bool // links
	repeated int             // tries that were not answered 2xx
}

// look is a review page that somebody has open.
type look struct {
	link, stamp string
	at          time.Time
}

const killCap = 60

func newCrowd(t *testing.T, seed uint64) *crowd {
	w := newWorld(t)
	w.secret("Quilla", "Zebrowska", "zebrowska.example")
	c := &crowd{
		world: w, seed: seed, env: w.env, told: map[string]bool{}, withdraw: map[string]bool{}, answers: map[string]string{},
		noes: map[string]time.Time{}, reviewed: map[string]bool{},
	}
	c.moods = c.dice(200)
	c.vendor = w.vendor("crowd", append(atOnce, fmt.Sprintf("cap=%d", killCap), "reserve=10", "over_cap=queue")...)
	// The crowd has a world of its own, because the program in the other one comes
	// and goes.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", c.addr.Load().(string))
	}
	c.outside = &world{t: t, program: &program{addr: "corner.example"}, web: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 8},
	}}
	software, shop := *c.vendor, *c.vendor.shop("crowd-shop")
	software.w, shop.w = c.outside, c.outside
	c.software, c.shop = &software, &shop
	c.addr.Store(w.program.addr)
	w.stop()
	return c
}

func (c *crowd) dice(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed, stream)) }

func rollTime(dice *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(dice.Int64N(int64(most)))
}

// ServeHTTP is the provider in its moods.
func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.calm.Load() {
		c.mu.Lock()
		mood := c.mood()
		c.mu.Unlock()
		c.provider.Script(mood)
	}
	c.provider.ServeHTTP(w, r)
}

// mood keeps 429 rare, since it makes the program pause for longer than most of
// its lives last.
func (c *crowd) mood() resendtest.Behaviour {
	switch c.moods.IntN(100) {
	case 0:
		return resendtest.RateLimited()
	case 1, 2, 3:
		return resendtest.DropBefore()
	case 4, 5, 6:
		return resendtest.FailBefore()
	case 7, 8, 9:
		return resendtest.FailAfter()
	case 10, 11, 12:
		return resendtest.Truncated()
	case 13, 14, 15:
		return resendtest.DropAnswer()
	}
	return resendtest.OK().Slow(rollTime(c.moods, c.slowest))
}

// provide opens the provider, who is another server for each life: closing it
// waits for what a killed program had asked, so that no mail of before the next
// move of the clock is taken after it.
func (c *crowd) provide() {
	c.provided = httptest.NewServer(c)
	c.world.env = append(slices.Clone(c.env), "RESEND_BASE_URL="+c.provided.URL)
	c.t.Cleanup(c.provided.Close)
}

func (c *crowd) begin() {
	c.t.Helper()
	c.provide()
	c.start()
	c.addr.Store(c.program.addr)
}

// live is one life of the program and its end, for some before they serve.
func (c *crowd) live(dice *rand.Rand) {
	c.t.Helper()
	last := rollTime(dice, 1200*time.Millisecond)
	// When answers are slow, letters wait for a worker with their lease taken.
	c.note(func() { c.slowest = 5 * time.Millisecond << dice.IntN(8) })
	if dice.IntN(8) == 0 {
		c.provide()
		c.program = c.launch("serve", "--addr", "127.0.0.1:0", "--data", c.data)
		last /= 5
	} else {
		c.begin()
	}
	<-time.After(last)
	c.kill()
	c.provided.CloseClientConnections()
	c.provided.Close()
}

// drain lets the hours go by until no letter is left.
func (c *crowd) drain() {
	c.t.Helper()
	for range 10 * (len(c.answers) + len(c.told)) / killCap {
		c.idle()
		if letters := ask[httpapi.AdminQueue](c.world, "queue", "list", "--vendor", c.vendor.slug, "-n", "1").Letters; len(letters) == 0 {
			return
		}
		c.move(time.Hour + 3*time.Second)
	}
	c.t.Error("some letters never leave")
}
