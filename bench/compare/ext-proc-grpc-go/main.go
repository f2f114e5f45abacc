// An ext_proc server on grpc-go that decides nothing: every phase is answered with an empty
// continue. It shows what the protocol costs with Envoy's own Go types; the one argument is the
// path of its Unix socket. The benchmark `extproc` measures it; nothing else uses it.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	extproc "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type echoServer struct {
	extproc.UnimplementedExternalProcessorServer
}

// Process answers the messages of one transaction until Envoy ends it.
func (echoServer) Process(stream extproc.ExternalProcessor_ProcessServer) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		response := continueWith(request)
		if response == nil {
			return status.Errorf(codes.InvalidArgument, "Cannot answer message: its phase is not known")
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

// continueWith builds a new response for every message, as a server that decides would have to.
func continueWith(request *extproc.ProcessingRequest) *extproc.ProcessingResponse {
	switch request.Request.(type) {
	case *extproc.ProcessingRequest_RequestHeaders:
		return &extproc.ProcessingResponse{Response: &extproc.ProcessingResponse_RequestHeaders{
			RequestHeaders: &extproc.HeadersResponse{},
		}}
	case *extproc.ProcessingRequest_ResponseHeaders:
		return &extproc.ProcessingResponse{Response: &extproc.ProcessingResponse_ResponseHeaders{
			ResponseHeaders: &extproc.HeadersResponse{},
		}}
	case *extproc.ProcessingRequest_RequestBody:
		return &extproc.ProcessingResponse{Response: &extproc.ProcessingResponse_RequestBody{
			RequestBody: &extproc.BodyResponse{},
		}}
	case *extproc.ProcessingRequest_ResponseBody:
		return &extproc.ProcessingResponse{Response: &extproc.ProcessingResponse_ResponseBody{
			ResponseBody: &extproc.BodyResponse{},
		}}
	default:
		return nil
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("Cannot start: wanted is one argument, the path of the socket")
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatalf("Cannot listen: %v", err)
	}
	server := grpc.NewServer()
	extproc.RegisterExternalProcessorServer(server, echoServer{})
	fmt.Println("listening")
	if err := server.Serve(listener); err != nil {
		log.Fatalf("Cannot serve: %v", err)
	}
}
