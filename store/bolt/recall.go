package bolt

import (
	"bytes"
	"sync"
)

// recall remembers what records were read as. One that is asked for again while
// its bytes are the same is not opened again, so that nothing remembered is stale.
type recall[T any] struct {
	mu    sync.RWMutex
	known map[string]recalled[T] // by key
}

type recalled[T any] struct {
	record []byte
	value  T
}

// mostRecalled is how many are remembered, which is some megabytes; beyond it, all
// are read anew.
const mostRecalled = 4096

// read returns what the record under the key says, by open if it has to.
func (r *recall[T]) read(key, record []byte, open func() (T, error)) (T, error) {
	r.mu.RLock()
	last, ok := r.known[string(key)]
	r.mu.RUnlock()
	if ok && bytes.Equal(last.record, record) {
		return last.value, nil
	}
	value, err := open()
	if err != nil {
		return value, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= mostRecalled {
		r.known = map[string]recalled[T]{}
	}
	r.known[string(key)] = recalled[T]{clone(record), value}
	return value, nil
}
