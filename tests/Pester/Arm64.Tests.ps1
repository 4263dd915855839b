# The built module on arm64, in the real engine, under the emulator qemu-user: the assemblies, the numbers of system calls, the
# layouts of libc's structures, and the children that it starts (which the emulator leaves to this machine).

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Packages.ps1"
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    $script:missing = if ($env:SPLICE_TEST_FULL -ne '1') { 'the emulator is for the full run' }
    elseif ([Runtime.InteropServices.RuntimeInformation]::OSArchitecture -ne 'X64') { 'the emulator is for x64' }
    elseif (-not (Get-Command qemu-aarch64-static -ErrorAction Ignore)) { 'qemu-user-static is not installed' }
    elseif (-not (Test-Path /usr/aarch64-linux-gnu/lib/libstdc++.so.6)) { 'libstdc++6-arm64-cross is not installed' }
    elseif (-not (Test-Sdk $root)) { 'the .NET SDK of global.json is not on this machine' }
    if ($missing) { return }

    $said = dotnet publish "$root/tests/Arm64" -c Release -o "$root/out/arm64" --nologo 2>&1
    if ($LASTEXITCODE) { throw ($said -join "`n") }

    # Sending takes a digest, and that OpenSSL: Debian's package for arm64, unpacked and not installed.
    $script:noOpenSsl = if (-not (Get-Command apt-get, dpkg-deb -ErrorAction Ignore)) { 'libssl3 for arm64 comes by apt-get' }
    elseif (-not (Test-Path "$root/out/arm64-libraries/usr/lib/aarch64-linux-gnu/libssl.so.3")) {
        $script = @'
set -e
cd "$0"
mkdir -p state/lists/partial cache/archives/partial
touch state/status
options="-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=
    -o Dir::State=$0/state -o Dir::State::status=$0/state/status -o Dir::Cache=$0/cache"
apt-get $options update
apt-get $options download libssl3
dpkg-deb --extract libssl3_*.deb "$1"
'@
        $said = sh -c $script (New-Item -ItemType Directory "$TestDrive/apt") "$root/out/arm64-libraries" 2>&1
        if ($LASTEXITCODE) { "apt-get has no libssl3 for arm64: $said" }
    }

    # All in one process: its start takes most of the time.
    $script:ssh = Open-SshHost "$TestDrive/ssh"
    [IO.File]::WriteAllBytes("$TestDrive/source", (Get-TestByte 3000000))
    $null = New-Item -ItemType Directory "$TestDrive/tree/sub"
    Copy-Item "$TestDrive/source" "$TestDrive/tree/sub/file"
    Set-Content "$TestDrive/script.ps1" @"
`$ErrorActionPreference = 'Continue'
Import-Module '$root/out/Splice'
Set-Location '$TestDrive'
"processor `$([Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture)"
"core `$([Splice.TransferResult].Assembly.Location)"
foreach (`$method in 'Auto', 'CopyFileRange', 'SendFile', 'Splice', 'ReadWrite') {
    `$result = Copy-ItemZeroCopy source "copy-`$method" -Method `$method
    "copy `$method `$(`$result.BytesCopied)"
}
"tree `$((Copy-ItemZeroCopy tree tree-copy -Recurse -Preserve All).FileCount)"
`$from = New-SplicePipe
`$to = New-SplicePipe
`$null = Copy-StreamZeroCopy source `$from -Count 5000
"splice `$((Invoke-Splice `$from `$to -Count 5000).BytesCopied)"
Invoke-PipelineZeroCopy { cat source | wc -c } -OutputPath count
Copy-ItemZeroCopy missing to
if ('$noOpenSsl') { return }
"sent `$((Send-ItemZeroCopy source -HostName web1 -Destination sent -Verify).Verified)"
"received `$((Receive-ItemZeroCopy sent -HostName web1 -Destination received -Verify).Verified)"
"@
    # G_SLICE: else the emulator's allocator may leave a forked child locked (https://gitlab.com/qemu-project/qemu/-/issues/285).
    function Invoke-Arm64([string[]] $Arguments) {
        $environment = 'G_SLICE=always-malloc', 'DOTNET_EnableWriteXorExecute=0', 'DOTNET_EnableDiagnostics=0',
            'DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1', 'POWERSHELL_TELEMETRY_OPTOUT=1', 'SPLICE_TEST_EMULATED=1', "DOTNET_ROOT=$TestDrive/dotnet"
        $libraries = "LD_LIBRARY_PATH=$root/out/arm64-libraries/usr/lib/aarch64-linux-gnu"
        env -u SPLICE_TEST_FULL @environment timeout --kill-after=30 900 qemu-aarch64-static -L /usr/aarch64-linux-gnu -E $libraries @Arguments 2>&1
    }

    $script:output = Invoke-Arm64 "$root/out/arm64/Arm64", "$TestDrive/script.ps1"
    if ($env:SPLICE_ARM64_LOG) { Set-Content $env:SPLICE_ARM64_LOG $output }
}

AfterAll {
    if (-not $missing) { Close-SshHost $ssh }
}

Describe 'On arm64' {
    BeforeEach {
        if ($missing) { Set-ItResult -Skipped -Because $missing }
    }

    It 'the module is imported' {
        $output | Should -Contain 'processor Arm64'
        $output | Where-Object { $_ -like 'core *' } | Should -BeLike '*/out/Splice/linux-arm64/SpliceCore.dll'
    }

    It 'a file is copied by <_>' -ForEach 'Auto', 'CopyFileRange', 'SendFile', 'Splice', 'ReadWrite' {
        $output | Should -Contain "copy $_ 3000000"
        Get-Hash "$TestDrive/copy-$_" | Should -Be (Get-Hash "$TestDrive/source")
    }

    It 'a folder is copied' {
        $output | Should -Contain 'tree 1'
        Get-Hash "$TestDrive/tree-copy/sub/file" | Should -Be (Get-Hash "$TestDrive/source")
        Get-Tree "$TestDrive/tree-copy" '%T@ %u' | Should -Be (Get-Tree "$TestDrive/tree" '%T@ %u')
    }

    It 'bytes are spliced from pipe to pipe' {
        $output | Should -Contain 'splice 5000'
    }

    It 'native commands run in a pipeline' {
        Get-Content "$TestDrive/count" | Should -Be 3000000
    }

    It 'a file is sent and received' {
        if (-not $ssh) { Set-ItResult -Skipped -Because 'sshd is not installed, or this is not root' }
        if ($noOpenSsl) { Set-ItResult -Skipped -Because $noOpenSsl }
        $output | Should -Contain 'sent True'
        $output | Should -Contain 'received True'
        foreach ($file in 'ssh/web1/sent', 'received') { Get-Hash "$TestDrive/$file" | Should -Be (Get-Hash "$TestDrive/source") }
    }

    It 'an error is one of the module' {
        $output | Where-Object { $_ -like 'error *' } | Should -BeLike 'error SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand:*'
    }

    # Tests whose processes of their own would not be emulated are skipped. The areas that are left out take many minutes, or start
    # native programs, which the emulator leaves to this machine.
    It 'the tests of the engine pass' {
        $version = ([xml](Get-Content -Raw "$root/tests/Arm64/Arm64.csproj")).Project.PropertyGroup.RuntimeFrameworkVersion
        $said = dotnet build "$root/tests/SpliceCore.Tests" -c Release -r linux-arm64 --no-self-contained -o "$TestDrive/tests" --nologo -p:RunAnalyzers=false 2>&1
        if ($LASTEXITCODE) { throw ($said -join "`n") }
        $null = New-DotnetRoot "$TestDrive/dotnet" $version linux-arm64

        $areas = 'Copying', 'Copying.Attributes', 'Copying.Destination', 'Descriptors', 'Errors', 'Interop', 'Probing', 'Streaming', 'Transfer'
        # One after the other: until its exec, which takes time here, a child of one test holds the pipes of the others open.
        $command = @("$TestDrive/tests/SpliceCore.Tests", '-parallel', 'none') + ($areas | ForEach-Object { '-namespace', "Splice.Tests.$_" })
        $said = Invoke-Arm64 $command
        # The emulator can hang. A test that hangs does so the second time as well.
        if ($LASTEXITCODE -in 124, 137) {
            Write-Host "arm64: the emulator hung, and is run once more. Last output: $($said | Select-Object -Last 3)"
            $said = Invoke-Arm64 $command
        }

        Assert-EngineTest $said arm64 1300
    }
}
