# The engine on the runtimes of PowerShell 7.4 and 7.5: .NET 8 and 9, which come as packages, each laid out as an installation of .NET.

BeforeDiscovery {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    $packs = ([xml](Get-Content -Raw "$root/tests/SpliceCore.TestHost/SpliceCore.TestHost.csproj")).Project.ItemGroup.PackageDownload
    $versions = ($packs.Version -split ';').Trim('[', ']')
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Packages.ps1"
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    Import-Module "$root/out/Splice"
    $script:missing = if (-not (Test-Sdk $root)) { 'the .NET SDK of global.json is not on this machine' }
}

Describe 'On .NET <_>' -ForEach $versions {
    BeforeAll {
        $script:version = $_
        $script:testHost = "$root/tests/SpliceCore.TestHost/bin/Release/net8.0/SpliceCore.TestHost.dll"
        $script:path, $script:dotnetRoot = $env:PATH, $env:DOTNET_ROOT
        if (-not $missing) {
            $script:dotnet = New-DotnetRoot "$TestDrive/dotnet-$version" $version "linux-$([Runtime.InteropServices.RuntimeInformation]::OSArchitecture)".ToLowerInvariant()
            Copy-Item (readlink -f (Get-Command dotnet).Source) $dotnet
            # For the processes that the tests start.
            $env:PATH = "${dotnet}:$path"
            $env:DOTNET_ROOT = $dotnet
        }

        [IO.File]::WriteAllBytes("$TestDrive/source", (Get-TestByte 3000000))
    }

    AfterAll {
        $env:PATH = $path
        $env:DOTNET_ROOT = $dotnetRoot
    }

    BeforeEach {
        if ($missing) { Set-ItResult -Skipped -Because $missing }
    }

    It 'it is the only runtime' {
        dotnet --list-runtimes | Should -Be "Microsoft.NETCore.App $version [$dotnet/shared/Microsoft.NETCore.App]"
    }

    It 'a file is copied by <_>' -ForEach 'CopyFileRange', 'SendFile', 'Splice', 'ReadWrite' {
        $request = @{ Source = "$TestDrive/source"; Destination = "$TestDrive/copy-$version-$_"; Method = [int][Splice.TransferMethod]$_ }
        $answer = dotnet $testHost (ConvertTo-Json $request -Compress)
        ($answer | ConvertFrom-Json).BytesCopied | Should -Be 3000000 -Because "$answer"
        Get-Hash $request.Destination | Should -Be (Get-Hash $request.Source)
    }

    It 'a folder is copied, and native commands run in a pipeline' {
        $null = New-Item -ItemType Directory -Force "$TestDrive/tree/sub"
        Copy-Item "$TestDrive/source" "$TestDrive/tree/sub/file"
        $tree = @{ Copy = @{ Source = "$TestDrive/tree"; Destination = "$TestDrive/tree-$version" } }
        $answer = ConvertTo-Json $tree -Compress | dotnet $testHost --trees
        ($answer[-1] | ConvertFrom-Json).FileCount | Should -Be 1 -Because "$answer"
        Get-Tree "$TestDrive/tree-$version" | Should -Be (Get-Tree "$TestDrive/tree")

        $shell = { @{ Path = '/bin/sh'; Name = 'sh'; Arguments = '-c', $args[0] } }
        $pipeline = @{ Commands = (& $shell "cat $TestDrive/source"), (& $shell 'wc -c'); Environment = @{}; WorkingDirectory = '/' }
        $answer = ConvertTo-Json $pipeline -Depth 4 -Compress | dotnet $testHost --pipelines
        ($answer[-1] | ConvertFrom-Json).Output.Trim() | Should -Be 3000000 -Because "$answer"
    }

    It 'the tests of the engine pass' {
        if ($env:SPLICE_TEST_FULL -ne '1') { Set-ItResult -Skipped -Because 'each runtime has them in the full run' }
        $tests = "$root/tests/SpliceCore.Tests/bin/Release/net8.0/SpliceCore.Tests.dll"
        # The others take five minutes more on each, and most of that in processes of their own and other programs.
        $areas = '', '.Copying', '.Copying.Attributes', '.Copying.Destination', '.Descriptors', '.Errors', '.Interop', '.Probing', '.Streaming',
            '.Streaming.Processes', '.Transfer'
        $said = env -u SPLICE_TEST_FULL timeout --kill-after=30 900 dotnet $tests @($areas | ForEach-Object { '-namespace', "Splice.Tests$_" }) 2>&1
        Assert-EngineTest $said ".NET $version" 1300
    }
}
