package bolt

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The journal is a ring of blocks in a file of its own, written beforehand. One
// write of some blocks in a row takes a tenth of the time of a bbolt commit, which
// writes a dozen scattered pages and syncs twice.
const (
	block     = 4096     // frames begin at one, so that writing one never touches another
	ring      = 4 << 20  // bytes, and about what the lines in memory take at most
	mostFrame = 1 << 20  // bytes of lines
	overfull  = ring / 4 // bytes: so much waits that it is moved even if nothing else is written
)

// errJournal is a journal that does not go with its data file.
var errJournal = errors.New("the journal beside it does not go with it: it is damaged, or one of the two is from another copy. " +
	"If you put back a copy, put back both of its files. Otherwise move the journal away and start again; webhooks that it alone has are lost")

// journal keeps inviting events until the next transaction moves them into their
// buckets: durable before that, because a shop waits for no more. The data file
// says up to which place they were moved, so that each is moved once, and what no
// transaction had moved at a crash is moved by the first one after it.
//
// Places count bytes since the data file was made; place modulo ring is where it
// lies in the journal. A frame is what one write made durable: the place at which
// the frame before it ended (8 bytes), the length of a record (4), and the record,
// filled up to whole blocks; one that does not fit before the ring's end lies at
// its start. The checksum covers that place and what only this data file's keys
// make, so that nothing of an earlier round or of another file is taken for it. The
// first frame has no lines: by it, a journal is known to be one.
type journal struct {
	file durable
	id   []byte
	full chan struct{} // told when lines should be moved
	room chan struct{} // told when some were

	mu    sync.Mutex
	end   int64 // place at which the last frame ended
	moved int64 // place up to which lines are in their buckets
	lines []line
}

// durable is a file of which each write is on disk when it returns.
type durable interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// frameRec is the record of a frame. Tx is the data file's last transaction before
// it, by which an older copy of the file is known; a file that is written anew, and
// counts anew, needs a new journal.
type frameRec struct {
	_     struct{} `cbor:",toarray"`
	Tx    int64
	Lines []line
}

func newJournal(id []byte, moved int64) *journal {
	return &journal{id: id, end: moved, moved: moved, full: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// open reads what was not moved by the data file, whose last transaction was tx.
func (j *journal) open(path string, tx int64) (err error) {
	if j.file, err = openDurable(path); err != nil {
		return err
	}
	all := make([]byte, ring)
	switch n, err := j.file.ReadAt(all, 0); {
	case n < ring && !errors.Is(err, io.EOF):
		return errors.Join(err, j.file.Close())
	case n < ring || !j.recover(all, tx):
		return errors.Join(errJournal, j.file.Close())
	}
	return nil
}

// create writes the ring beside path and then gives it that name, so that one that
// is there is whole: a write into room that a file has already is synced sooner.
func (j *journal) create(path string, tx int64) error {
	frame, err := j.frame(j.end, tx, nil)
	if err != nil {
		return err
	}
	all := make([]byte, ring)
	copy(all[begin(j.end, int64(len(frame)))%ring:], frame)
	half := path + ".new"
	if err := os.WriteFile(half, all, 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(half, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(half, path)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// recover reads frame after frame from where the data file ends. The last one may
// be torn: nobody was told that it is kept. It reports false if something that was
// kept is missing: a whole frame lies behind a missing one, the data file is older
// than a frame, or there is no frame that ends where the data file does, though
// none came after it.
func (j *journal) recover(all []byte, tx int64) bool {
	moved := j.end
	for {
		rec, size := j.read(all, j.end%ring, j.end)
		if size == 0 {
			rec, size = j.read(all, 0, j.end)
		}
		if size == 0 {
			break
		}
		j.end = begin(j.end, size) + size
		j.lines = append(j.lines, rec.Lines...)
	}
	known := j.end > moved
	for at := int64(0); at < ring; at += block {
		after := int64(binary.BigEndian.Uint64(all[at:]))
		if at != 0 && at != after%ring {
			continue
		}
		rec, size := j.read(all, at, after)
		if size == 0 {
			continue
		}
		if after > j.end || rec.Tx > tx {
			return false
		}
		known = known || begin(after, size)+size == moved
	}
	return known
}

// begin is where a frame lies that follows a place.
func begin(after, size int64) int64 {
	if rest := ring - after%ring; size > rest {
		return after + rest
	}
	return after
}

// read reads the frame at an offset and its size; 0 if none that follows the place
// is there.
func (j *journal) read(all []byte, at, after int64) (rec frameRec, size int64) {
	head := all[at:]
	n := int64(binary.BigEndian.Uint32(head[8:]))
	if int64(binary.BigEndian.Uint64(head)) != after || 12+n > int64(len(head)) {
		return rec, 0
	}
	if decode(j.key(after), head[12:12+n], &rec) != nil {
		return rec, 0
	}
	return rec, whole(12 + n)
}

// frame makes the frame that follows a place.
func (j *journal) frame(after, tx int64, lines []line) ([]byte, error) {
	record, err := encode(j.key(after), frameRec{Tx: tx, Lines: lines})
	if err != nil {
		return nil, err
	}
	frame := make([]byte, whole(int64(12+len(record))))
	binary.BigEndian.PutUint64(frame, uint64(after))
	binary.BigEndian.PutUint32(frame[8:], uint32(len(record)))
	copy(frame[12:], record)
	return frame, nil
}

func (j *journal) key(after int64) []byte {
	return binary.BigEndian.AppendUint64(clone(j.id), uint64(after))
}

// whole is a length in whole blocks.
func whole(n int64) int64 { return (n + block - 1) / block * block }

// append makes lines durable. It reports false, having written nothing, while the
// ring has no room. After an error nobody knows what the disk holds.
func (j *journal) append(lines []line, tx int64) (bool, error) {
	j.mu.Lock()
	after, moved := j.end, j.moved
	j.mu.Unlock()
	frame, err := j.frame(after, tx, lines)
	if err != nil {
		return false, err
	}
	at := begin(after, int64(len(frame)))
	end := at + int64(len(frame))
	if end-moved > ring {
		tell(j.full)
		return false, nil
	}
	if _, err := j.file.WriteAt(frame, at%ring); err != nil {
		return false, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.end = end
	j.lines = append(j.lines, lines...)
	if j.end-j.moved >= overfull {
		tell(j.full)
	}
	return true, nil
}

// tell leaves word for whoever looks next.
func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// waiting is what is to be moved, and the place that is then reached.
func (j *journal) waiting() (lines []line, end int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines, j.end
}

// behind is how much that is, and since when the oldest of it waits.
func (j *journal) behind() (n int64, oldest time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.lines) > 0 {
		oldest = readStamp(j.lines[0].Key)
	}
	return int64(len(j.lines)), oldest
}

// drop forgets the first n lines, which are in their buckets now.
func (j *journal) drop(n int, moved int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append([]line(nil), j.lines[n:]...)
	j.moved = moved
	tell(j.room)
}
