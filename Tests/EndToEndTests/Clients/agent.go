// Asks agentd for GET /v1/agent with one TLS version and prints the whole answer: Go's crypto/tls as a client.
//
// usage: agent PORT ROOT 1.2|1.3 [CHAIN KEY]
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := ask(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(arguments []string) error {
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[arguments[2]]
	root, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	config := tls.Config{MinVersion: version, MaxVersion: version, RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	config.RootCAs.AppendCertsFromPEM(root)
	if len(arguments) > 3 {
		certificate, err := tls.LoadX509KeyPair(arguments[3], arguments[4])
		if err != nil {
			return err
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	peer, err := tls.Dial("tcp", "127.0.0.1:"+arguments[0], &config)
	if err != nil {
		return err
	}
	defer peer.Close()
	if _, err := io.WriteString(peer, "GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, peer)
	return err
}
