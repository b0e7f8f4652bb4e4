// Kubernetes_provider is the official provider of Kubernetes, whose own main program embeds files that its release
// makes.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

const module = "github.com/pulumi/pulumi-kubernetes/provider/v4"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-version" {
		fmt.Println(built())
		return
	}
	// The schema is asked for by imports alone, the mapping by conversions.
	provider.Serve("kubernetes", built(), []byte("{}"), []byte("{}"))
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
