// External_secrets is the operator of that name with one of its providers, Vault's: those of every cloud would take an
// hour to build.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/external-secrets/external-secrets/cmd/controller"
	_ "github.com/external-secrets/external-secrets/pkg/provider/vault"
)

const module = "github.com/external-secrets/external-secrets"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-version" {
		fmt.Println(built())
		return
	}
	controller.Execute()
}

// built is the version of the module.
func built() string {
	info, _ := debug.ReadBuildInfo()
	for _, one := range info.Deps {
		if one.Path == module {
			return one.Version
		}
	}
	return "unknown"
}
