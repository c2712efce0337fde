package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"aminobridge/core/vault"
)

const (
	dbName     = "amino.db"
	masterName = "amino.key"
)

// masterKey is the one in the settings, or else the one in the folder's file.
// With fresh, a folder that has no data yet gets such a file.
func masterKey(s settings, fresh bool) ([]byte, error) {
	if s.MasterKey != "" {
		return vault.ParseMaster(s.MasterKey)
	}
	path := filepath.Join(s.Data, masterName)
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		return vault.ParseMaster(string(text))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case !fresh:
		return nil, fmt.Errorf("%s is missing, and without it nothing in %s can be read; put it back, or set AMINO_MASTER_KEY", path, s.Data)
	}
	if err := writeOnce(path, vault.FormatMaster(vault.NewMaster())+"\n"); err != nil {
		return nil, err
	}
	return masterKey(s, false)
}

// writeOnce makes a file that is whole or not there, and on the disk before
// anything is sealed under what it holds. One that is there already stays: of two
// first starts at the same time, both use the first one's.
func writeOnce(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
