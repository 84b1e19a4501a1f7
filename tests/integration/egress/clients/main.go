// Clients as programs in Go have them, all told of the proxy and of the CA by environment: net/http, and gRPC's own
// interoperability tests with their server.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "get":
		return get(args[1])
	case len(args) == 3 && args[0] == "grpc-server":
		return serve(args[1], args[2])
	case len(args) == 2 && args[0] == "grpc":
		return call(args[1], true)
	case len(args) == 2 && args[0] == "grpc-in-turn":
		return call(args[1], false)
	}
	return errors.New("usage: get URL | grpc-server CERTIFICATE KEY | grpc HOST:PORT | grpc-in-turn HOST:PORT")
}

// get prints the protocol, the status and the body of an answer.
func get(url string) error {
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	fmt.Printf("%s %d %s\n", answer.Proto, answer.StatusCode, body)
	return err
}

// serve prints the port that it listens on.
func serve(certificate, key string) error {
	identity, err := credentials.NewServerTLSFromFile(certificate, key)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.Creds(identity))
	testpb.RegisterTestServiceServer(server, interop.NewTestServer())
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

// call runs each test, and prints its name when it held. A test that does not hold ends the program. Some want answers
// while their request goes on, and these are run only with both at once.
func call(target string, atOnce bool) error {
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{})))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := testpb.NewTestServiceClient(connection)
	unknown := testpb.NewUnimplementedServiceClient(connection)
	tests := []struct {
		name   string
		atOnce bool
		run    func(context.Context)
	}{
		{"unary", false, func(ctx context.Context) { interop.DoEmptyUnaryCall(ctx, client) }},
		{"large unary", false, func(ctx context.Context) { interop.DoLargeUnaryCall(ctx, client) }},
		{"client stream", false, func(ctx context.Context) { interop.DoClientStreaming(ctx, client) }},
		{"server stream", false, func(ctx context.Context) { interop.DoServerStreaming(ctx, client) }},
		{"both streams in turns", true, func(ctx context.Context) { interop.DoPingPong(ctx, client) }},
		{"empty stream", false, func(ctx context.Context) { interop.DoEmptyStream(ctx, client) }},
		{"metadata and trailers", true, func(ctx context.Context) { interop.DoCustomMetadata(ctx, client) }},
		{"status and message", false, func(ctx context.Context) { interop.DoStatusCodeAndMessage(ctx, client) }},
		{"message in Unicode", false, func(ctx context.Context) { interop.DoSpecialStatusMessage(ctx, client) }},
		{"unknown method", false, func(ctx context.Context) { interop.DoUnimplementedMethod(ctx, connection) }},
		{"unknown service", false, func(ctx context.Context) { interop.DoUnimplementedService(ctx, unknown) }},
		{"cancelled at once", true, func(ctx context.Context) { interop.DoCancelAfterBegin(ctx, client) }},
		{"cancelled under way", true, func(ctx context.Context) { interop.DoCancelAfterFirstResponse(ctx, client) }},
		{"deadline", true, func(ctx context.Context) { interop.DoTimeoutOnSleepingServer(ctx, client) }},
	}
	for _, test := range tests {
		if test.atOnce && !atOnce {
			continue
		}
		test.run(context.Background())
		fmt.Println("held:", test.name)
	}
	return nil
}
