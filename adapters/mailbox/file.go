package mailbox

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"aminobridge/core"
)

// unfinished ends the name of a file that is being written.
const unfinished = ".new"

// version is the first byte of a file.
const version = 1

var errDamaged = errors.New("the mail's file cannot be read")

// sealer seals a file under its mail's id, so that no file can be passed off as
// another.
type sealer struct{ aead cipher.AEAD }

func newSealer(key [32]byte) sealer {
	block, _ := aes.NewCipher(key[:]) // fails for other lengths only
	aead, _ := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}
}

func (s sealer) sealed(id string, plain []byte) []byte {
	return s.aead.Seal([]byte{version}, nil, plain, []byte(id))
}

func (s sealer) opened(id string, file []byte) ([]byte, error) {
	if len(file) == 0 || file[0] != version {
		return nil, errDamaged
	}
	plain, err := s.aead.Open(nil, nil, file[1:], []byte(id))
	if err != nil {
		return nil, errDamaged
	}
	return plain, nil
}

// read returns the mail of an entry. With errDamaged comes a Mail that says so.
func (b *Box) read(e entry) (Mail, error) {
	damaged := Mail{ID: e.id, Number: e.number, Damaged: true}
	file, err := os.ReadFile(filepath.Join(b.dir, e.file()))
	if err != nil {
		return damaged, err
	}
	plain, err := b.seal.opened(e.id, file)
	if err != nil {
		return damaged, err
	}
	var m Mail
	if err := json.Unmarshal(plain, &m); err != nil {
		return damaged, errDamaged
	}
	m.Number = e.number
	return m, nil
}

// write keeps the mail under the entry's name. Until the rename nothing is kept,
// and the letter may go another time; after it only the folder's own sync can
// fail, and then it is not known what a crash leaves.
func (b *Box) write(e entry, m Mail) error {
	plain, err := json.Marshal(m)
	if err != nil {
		return notKept(core.Rejected, err)
	}
	path := filepath.Join(b.dir, e.file())
	if err := writeSynced(path+unfinished, b.seal.sealed(e.id, plain)); err != nil {
		return notKept(core.Unreachable, err)
	}
	if err := os.Rename(path+unfinished, path); err != nil {
		return notKept(core.Unreachable, err)
	}
	if err := syncFolder(b.dir); err != nil {
		return notKept(core.Lost, err)
	}
	return nil
}

// notKept carries the fault for the queue and its cause for the log.
func notKept(fault core.SendFault, cause error) error {
	return fmt.Errorf("%w: %w", &core.SendError{Fault: fault, Detail: "mailbox_not_written"}, cause)
}

func writeSynced(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
