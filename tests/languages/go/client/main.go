// A client by protoc-gen-go-grpc: searches, plays, hears what plays, and reads why it is refused.
//
//	SEGUE_TOKEN=$(segue token) client 127.0.0.1:8080 harbour
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	catalog "example/player/gen/segue/catalog/v1"
	playback "example/player/gen/segue/playback/v1"
)

// How long a call may take, the stream as well: a stream has no deadline unless one is set.
const patience = 10 * time.Second

// What is said of the calls; the clients in TypeScript say the same.
type said struct {
	Title     string          `json:"title"`
	StreamURL string          `json:"stream_url"`
	Watched   json.RawMessage `json:"watched"`
	Refused   string          `json:"refused"`
	Reason    string          `json:"reason"`
	Fields    []string        `json:"fields"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: SEGUE_TOKEN=… client HOST:PORT WORDS")
	}
	told, err := listen(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
		log.Fatal(err)
	}
}

func listen(edge, words string) (*said, error) {
	connection, err := grpc.NewClient(edge, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+os.Getenv("SEGUE_TOKEN"))
	player := playback.NewPlaybackServiceClient(connection)

	track, err := firstTrack(ctx, catalog.NewSearchServiceClient(connection), words)
	if err != nil {
		return nil, err
	}
	played, err := player.Play(ctx, &playback.PlayRequest{TrackId: track.GetId(), DeviceId: "go"})
	if err != nil {
		return nil, fmt.Errorf("play: %w", err)
	}
	watched, err := whatPlays(ctx, player)
	if err != nil {
		return nil, err
	}
	_, refusal := player.Seek(ctx, &playback.SeekRequest{PlaybackId: "none"})
	told := &said{Title: track.GetTitle(), StreamURL: played.GetStreamUrl(), Watched: watched}
	told.refused(refusal)
	return told, nil
}

func firstTrack(
	ctx context.Context, search catalog.SearchServiceClient, words string,
) (*catalog.SearchResponse_TrackResult, error) {
	found, err := search.Search(ctx, &catalog.SearchRequest{
		Q:    words,
		Type: []catalog.SearchRequest_Type{catalog.SearchRequest_TRACK},
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if len(found.GetTracks()) == 0 {
		return nil, fmt.Errorf("search: nothing is called %q", words)
	}
	return found.GetTracks()[0], nil
}

// whatPlays follows the stream until something plays, and returns that answer as JSON.
func whatPlays(ctx context.Context, player playback.PlaybackServiceClient) ([]byte, error) {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	stream, err := player.WatchPlayback(ctx, &playback.WatchPlaybackRequest{})
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	for {
		answer, err := stream.Recv()
		if err != nil {
			return nil, fmt.Errorf("watch: %w", err)
		}
		if answer.GetPlayback() != nil {
			return protojson.MarshalOptions{UseProtoNames: true}.Marshal(answer)
		}
		if end := answer.GetEnd(); end != nil {
			return nil, fmt.Errorf("watch ended with %s: %s", end.GetReason(), end.GetMessage())
		}
	}
}

// refused tells a refusal by its code, and by its details in the types that they have.
func (told *said) refused(refusal error) {
	read := status.Convert(refusal)
	told.Refused = read.Code().String()
	for _, detail := range read.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			told.Reason = detail.GetReason()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				told.Fields = append(told.Fields, violation.GetField())
			}
		}
	}
}
