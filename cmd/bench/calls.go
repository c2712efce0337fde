package main

import (
	"context"
	"fmt"
)

// desk is the way of REST calls into the program: durable, one for each order_ref,
// and counted against a cap that does not refuse. The vendor is paused, so that
// like the webhooks' letters, which are due in a week, theirs wait.
func (s *server) desk(ctx context.Context) (*target, error) {
	key, err := s.vendor(ctx, "bench-desk", "cap=1000000", "reserve=0", "hours=always", "paused=true")
	if err != nil {
		return nil, err
	}
	writer := func() func(n uint64) []byte {
		var body, request []byte
		return func(n uint64) []byte {
			body = fmt.Appendf(body[:0], `{"email":"caller%d@shop.example","name":"Kim Doe","order_ref":"ORD-%d"}`, n, n)
			request = fmt.Appendf(request[:0], "POST /api/v1/invitations HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\n"+
				"Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", key, len(body))
			return append(request, body...)
		}
	}
	return &target{process: s.process, calls: true, load: load{addr: s.addr, writer: writer}, kept: func(ctx context.Context) (int64, error) {
		c, err := s.counts(ctx, key)
		return c.Accepted, err
	}}, nil
}
