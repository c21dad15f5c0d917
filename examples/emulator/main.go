// Command emulator serves an EC2 that knows flow logs, with faults to try programs
// in any language against. It keeps its state in memory and needs no credentials.
//
//	go -C examples run ./emulator -listen 127.0.0.1:4566 -fault lose
//	aws ec2 create-flow-logs --endpoint-url http://127.0.0.1:4566 …
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// run prints the URL as soon as it is ready, so that a script can wait for the line,
// and serves until ctx ends or the process gets a signal.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := listen(o.listen, o.public)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: o.ec2(), ReadHeaderTimeout: 10 * time.Second}
	// Not Shutdown: it would wait for calls that hang.
	defer context.AfterFunc(ctx, func() { server.Close() })()
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen rejects an address that other machines can reach, unless public is set:
// signatures are not checked, so anybody who can connect could call it.
func listen(address string, public bool) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-listen %q: want host:port, such as 127.0.0.1:4566: %w", address, err)
	}
	if !public && !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("-listen %q: want a loopback address, such as 127.0.0.1:4566, or -public to let other machines call", address)
	}
	listener, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-listen %q: want an address of this machine and a free port, or port 0: %w", address, err)
	}
	return listener, nil
}
