package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// serve serves an EC2 to other processes until ctx ends. It prints the URL as soon as it
// is ready, so that a script can wait for the line.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	addr, err := net.ResolveTCPAddr("tcp", o.serve)
	if err != nil {
		return fmt.Errorf("-serve: %w", err)
	}
	// Signatures are not checked: anybody who can connect could call it.
	if !addr.IP.IsLoopback() {
		return fmt.Errorf("-serve %q: want a loopback address, such as 127.0.0.1:4567", o.serve)
	}
	listener, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return fmt.Errorf("-serve: %w", err)
	}
	server := newServer(o)
	defer context.AfterFunc(ctx, func() { server.Close() })()
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func newServer(o options) *http.Server {
	return &http.Server{Handler: newRegion(o), ReadHeaderTimeout: 10 * time.Second}
}
