package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/fxamacker/cbor/v2"
	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
)

// txn is a transaction with a sticky error, so that methods read as what they
// do. It knows the desks that were opened in it and writes them at its end.
type txn struct {
	tx    *bbolt.Tx
	s     *Store
	err   error
	wrote bool

	desks   map[core.VendorID]*desk
	backlog *backlog    // once read
	clock   core.Moment // once read
	read    paceRec     // as what it is kept
}

const recordVersion = 1

// ascending buckets get their keys in about their order, so their pages need no
// room for more. bbolt forgets this with the transaction.
var ascending = map[string]bool{"event": true, "invitation": true, "log": true, "forget": true, "order": true, "expiry": true}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	encoder    = must(cbor.CoreDetEncOptions().UserBufferEncMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// fail keeps the first fault.
func (t *txn) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// put writes a record.
func (t *txn) put(bucket string, key []byte, rec any) {
	value, err := encode(key, rec)
	if err != nil {
		t.fail(fmt.Errorf("%s record: %w", bucket, err))
		return
	}
	t.putRaw(bucket, key, value)
}

// encode makes a record: version, checksum over key and body, body.
func encode(key []byte, rec any) ([]byte, error) {
	value := bytes.NewBuffer(make([]byte, 5, 256))
	if err := encoder.MarshalToBuffer(rec, value); err != nil {
		return nil, err
	}
	b := value.Bytes()
	b[0] = recordVersion
	binary.BigEndian.PutUint32(b[1:5], checksum(key, b[5:]))
	return b, nil
}

func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, body)
}

// get reads a record and reports whether it is there.
func (t *txn) get(bucket string, key []byte, rec any) bool {
	value := t.getRaw(bucket, key)
	if value == nil {
		return false
	}
	if err := decode(key, value, rec); err != nil {
		t.fail(fmt.Errorf("%s record: %w", bucket, err))
		return false
	}
	return true
}

func decode(key, value []byte, rec any) error {
	if len(value) < 5 || value[0] != recordVersion {
		return fmt.Errorf("not of a version that this program reads")
	}
	if binary.BigEndian.Uint32(value[1:5]) != checksum(key, value[5:]) {
		return fmt.Errorf("the checksum is wrong: the file is damaged")
	}
	return cbor.Unmarshal(value[5:], rec)
}

func (t *txn) putRaw(bucket string, key, value []byte) {
	t.wrote = true
	b := t.tx.Bucket([]byte(bucket))
	if ascending[bucket] {
		b.FillPercent = 0.95
	}
	if err := b.Put(key, value); err != nil {
		t.fail(fmt.Errorf("%s: %w", bucket, err))
	}
}

func (t *txn) getRaw(bucket string, key []byte) []byte {
	return t.tx.Bucket([]byte(bucket)).Get(key)
}

func (t *txn) has(bucket string, key []byte) bool { return t.getRaw(bucket, key) != nil }

// mark writes a key that says all it has to say.
func (t *txn) mark(bucket string, key []byte) { t.putRaw(bucket, key, []byte{}) }

func (t *txn) del(bucket string, key []byte) {
	t.wrote = true
	if err := t.tx.Bucket([]byte(bucket)).Delete(key); err != nil {
		t.fail(fmt.Errorf("%s: %w", bucket, err))
	}
}

// first is the first key with the prefix, without it.
func (t *txn) first(bucket string, prefix []byte) ([]byte, bool) {
	k, _ := t.tx.Bucket([]byte(bucket)).Cursor().Seek(prefix)
	if !hasPrefix(k, prefix) {
		return nil, false
	}
	return k[len(prefix):], true
}

// last is the last key with the prefix, without it.
func (t *txn) last(bucket string, prefix []byte) ([]byte, bool) {
	c := t.tx.Bucket([]byte(bucket)).Cursor()
	k := before(c, after(prefix))
	if !hasPrefix(k, prefix) {
		return nil, false
	}
	return k[len(prefix):], true
}

// each calls visit with every key under the prefix, the prefix cut off, until
// visit says no more. The bucket must not be written meanwhile.
func (t *txn) each(bucket string, prefix []byte, visit func(rest, value []byte) bool) {
	c := t.tx.Bucket([]byte(bucket)).Cursor()
	for k, v := c.Seek(prefix); hasPrefix(k, prefix); k, v = c.Next() {
		if !visit(k[len(prefix):], v) {
			return
		}
	}
}

// back is each from the end, beginning before the key from (nil: at the end).
func (t *txn) back(bucket string, prefix, from []byte, visit func(rest, value []byte) bool) {
	c := t.tx.Bucket([]byte(bucket)).Cursor()
	limit := after(prefix)
	if from != nil {
		limit = append(clone(prefix), from...)
	}
	for k := before(c, limit); hasPrefix(k, prefix); k, _ = c.Prev() {
		if !visit(k[len(prefix):], t.getRaw(bucket, k)) {
			return
		}
	}
}

// before is the last key less than limit; nil limit is the end.
func before(c *bbolt.Cursor, limit []byte) []byte {
	if limit == nil {
		k, _ := c.Last()
		return k
	}
	if k, _ := c.Seek(limit); k == nil {
		k, _ = c.Last()
		return k
	}
	k, _ := c.Prev()
	return k
}

// after is the first key past all that begin with prefix; nil if there is none.
func after(prefix []byte) []byte {
	limit := clone(prefix)
	for i := len(limit) - 1; i >= 0; i-- {
		if limit[i]++; limit[i] != 0 {
			return limit[:i+1]
		}
	}
	return nil
}

// now is this transaction's moment on both clocks, read once. If the transaction
// writes anything, pace time goes on from there.
func (t *txn) now(civil time.Time) core.Moment {
	if t.clock.Pace.IsZero() {
		boot, up := t.s.clock.Boot()
		var last paceRec
		t.get("meta", []byte("pace"), &last)
		pace := last.Pace
		ran := boot == last.Boot && int64(up) >= last.Up // else it goes on from where it was
		var rest int64                                   // of a microsecond; lost with every write, it would slow pace time
		if ran {
			pace += (int64(up) - last.Up) / int64(time.Microsecond)
			rest = (int64(up) - last.Up) % int64(time.Microsecond)
		}
		t.clock = core.Moment{Pace: moment(pace), Boot: boot}
		t.read = paceRec{Pace: pace, Boot: boot, Up: int64(up) - rest}
	}
	m := t.clock
	m.Wall = core.Micro(civil)
	return m
}

// flush writes what the desks gathered.
func (t *txn) flush() {
	for _, d := range t.desks {
		d.flush()
	}
	if b := t.backlog; b != nil {
		b.look(t)
		if b.n != b.was {
			t.put("meta", []byte("pending"), countRec{N: b.n})
		}
	}
	if t.wrote && t.read.Pace != 0 {
		t.put("meta", []byte("pace"), t.read)
	}
}
