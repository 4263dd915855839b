# The Setup and Test tasks of build.ps1, which dot-sources this file.

# What the tests need: the Debian package, and a command or file that shows it is installed.
$testTools = [ordered]@{
    'strace' = 'strace'; 'xfsprogs' = 'mkfs.xfs'; 'btrfs-progs' = 'mkfs.btrfs'; 'e2fsprogs' = 'mkfs.ext4'; 'dosfstools' = 'mkfs.vfat'
    'attr' = 'getfattr'; 'acl' = 'getfacl'; 'squashfs-tools' = 'mksquashfs'; 'openssh-server' = 'sshd'; 'openssh-client' = 'ssh'
    'iproute2' = 'ip'; 'busybox' = 'busybox'; 'dash' = 'dash'; 'python3' = 'python3'; 'python3-rich' = '/usr/lib/python3/dist-packages/rich'
    'time' = '/usr/bin/time'; 'fonts-dejavu-core' = '/usr/share/fonts/truetype/dejavu'; 'tmux' = 'tmux'; 'gcc' = 'gcc'
    'libc6-dev' = '/usr/include/stdio.h'; 'shellcheck' = 'shellcheck'; 'rsync' = 'rsync'; 'zsh' = 'zsh'; 'fish' = 'fish'; 'tcsh' = 'tcsh'
}

# For the tests of the other processor.
if ([Runtime.InteropServices.RuntimeInformation]::OSArchitecture -eq 'X64') {
    $testTools += [ordered]@{
        'gcc-aarch64-linux-gnu' = 'aarch64-linux-gnu-gcc'; 'libc6-dev-arm64-cross' = '/usr/aarch64-linux-gnu/include/stdio.h'
        'qemu-user-static' = 'qemu-aarch64-static'; 'libstdc++6-arm64-cross' = '/usr/aarch64-linux-gnu/lib/libstdc++.so.6'
    }
}

function Invoke-Setup {
    # The folders of system commands are not on the PATH of every user.
    $folders = "${env:PATH}:/usr/sbin:/sbin" -split ':'
    $missing = @($testTools.Keys | Where-Object {
            $file = $testTools[$_]
            $places = if ($file.StartsWith('/')) { $file } else { $folders | ForEach-Object { "$_/$file" } }
            -not ($places | Where-Object { Test-Path -LiteralPath $_ })
        })
    if (-not $missing) { return }

    if ((id -u) -eq 0 -and (Get-Command apt-get -CommandType Application -ErrorAction Ignore)) {
        Write-Host "apt-get install $missing"
        Invoke-Native apt-get @('update', '-qq')
        Invoke-Native env (@('DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '-qq', '--no-install-recommends') + $missing)
    }
    else {
        Write-Host "Missing (as packages of Debian); tests that need them are skipped: $missing"
    }
}

# The record of a run that ended before its tests did.
function Get-RunFailure([string] $Name, [int] $ExitCode) {
    [pscustomobject]@{ Name = $Name; Failed = $true; Message = "The run ended with exit code $ExitCode and without the results of all tests." }
}

# Runs test projects, and returns a record for each test that failed or was skipped, and a count of those that passed.
function Invoke-Xunit([string] $Project, [string] $ResultFolder) {
    $null = New-Item -ItemType Directory -Force $ResultFolder
    $name = [IO.Path]::GetFileName($Project)
    $file = "$name.trx"
    Remove-Item "$ResultFolder/$file" -ErrorAction Ignore
    $running = "$ResultFolder/running"
    Remove-Item $running -Recurse -ErrorAction Ignore
    $null = New-Item -ItemType Directory $running
    env "SPLICE_TEST_RUNNING=$running" dotnet test -c $Configuration --no-build --no-progress --project "$PSScriptRoot/../$Project" `
        --results-directory $ResultFolder --report-xunit-trx --report-xunit-trx-filename $file 2>&1 |
        Tee-Object "$ResultFolder/$name.log" | Out-Host
    $exitCode = $LASTEXITCODE
    $run = if (Test-Path "$ResultFolder/$file") { ([xml](Get-Content -Raw "$ResultFolder/$file")).TestRun }
    $other = @($run | ForEach-Object { $_.Results.UnitTestResult } | Where-Object outcome -NE Passed | ForEach-Object {
            [pscustomobject]@{
                Name = $_.testName
                Failed = $_.outcome -ne 'NotExecuted'
                Message = if ($_.outcome -eq 'NotExecuted') { "$($_.Output.StdOut)$($_.Output.ErrorInfo.Message)" } else { $_.Output.ErrorInfo.Message }
            }
        })
    if (($exitCode -or -not $run) -and -not ($other | Where-Object Failed)) {
        $other += Get-RunFailure $Project $exitCode
    }

    [pscustomobject]@{ Passed = [int]$run.ResultSummary.Counters.passed; Other = $other }
}

function Invoke-PesterSuite([string] $ResultFolder) {
    $project = "$PSScriptRoot/../tests/Pester/Pester.csproj"
    # The package folder is known after the restore only.
    Invoke-Native dotnet @('restore', $project, '--nologo', '-v', 'quiet')
    $pester = dotnet msbuild $project -nologo -getProperty:PesterPath
    $null = New-Item -ItemType Directory -Force $ResultFolder
    $files = @(if ($Path) { $Path -split ',' } else { (Get-ChildItem "$PSScriptRoot/../tests/Pester/*.Tests.ps1").FullName })
    $pwsh = Get-Pwsh
    # Two at the same time, since the tests wait half of the time. A dll cannot be unloaded: each imports the module in a process of its own.
    $jobs = 0, 1 | Where-Object { $_ -lt $files.Count } | ForEach-Object {
        $part = for ($i = $_; $i -lt $files.Count; $i += 2) { $files[$i] }
        $results = "$ResultFolder/Pester$_.json"
        Remove-Item $results -ErrorAction Ignore
        $arguments = '-NoProfile', '-File', "$PSScriptRoot/../tests/Pester/Invoke-Suite.ps1", '-PesterPath', $pester, '-ResultPath', $results,
            '-Path', ($part -join ',')
        Start-ThreadJob -StreamingHost $Host {
            . "$using:PSScriptRoot/Test.ps1"
            # What the tests write to their standard error would be errors of the job, of which the first ends the run.
            & $using:pwsh @using:arguments 2>&1 | Out-Host
            if (Test-Path $using:results) { Get-Content -Raw $using:results | ConvertFrom-Json }
            else { [pscustomobject]@{ Passed = 0; Other = Get-RunFailure 'Pester' $LASTEXITCODE } }
        }
    }
    Receive-Job $jobs -Wait -AutoRemoveJob
}

function Invoke-Test {
    if ($Setup) { Invoke-Setup }
    if ($Full) { $env:SPLICE_TEST_FULL = '1' }
    # Hundreds of processes of .NET run for a second each: both settings cost more at the start than they give later.
    $env:DOTNET_EnableWriteXorExecute = $env:DOTNET_TieredPGO = '0'
    $env:POWERSHELL_TELEMETRY_OPTOUT = '1'
    $env:POWERSHELL_UPDATECHECK = 'Off'
    # The build of the module and `dotnet format` analyze the code.
    Invoke-Native dotnet @('build', "$PSScriptRoot/../Splice.slnx", '-c', $Configuration, '--nologo', '-p:RunAnalyzers=false')
    $folder = "$output/test-results"
    $projects = @(
        if ('Engine' -in $Suite) { 'tests/SpliceCore.Tests' }
        if ('Fuzz' -in $Suite) { 'tests/Fuzz' }
    )
    # Beside Pester, which takes the longest and waits for other processes half of the time.
    $xunit = if ($projects) {
        Start-ThreadJob -StreamingHost $Host {
            $Configuration = $using:Configuration
            . "$using:PSScriptRoot/Test.ps1"
            foreach ($project in $using:projects) { Invoke-Xunit $project $using:folder }
        }
    }
    $results = @(
        if ('Pester' -in $Suite) { Invoke-PesterSuite $folder }
        if ($xunit) { Receive-Job $xunit -Wait -AutoRemoveJob }
    )

    $failed, $skipped = $results.Other.Where({ $_.Failed }, 'Split')
    foreach ($test in $failed) { Write-Host "failed: $($test.Name)`n    $($test.Message -replace "`n", "`n    ")" }
    foreach ($reason in $skipped | Group-Object { "$($_.Message)".Trim() } | Sort-Object Count -Descending) {
        Write-Host "skipped: $($reason.Count), $($reason.Group[0].Name)$(if ($reason.Count -gt 1) { ' and others' }): $($reason.Name -replace '\s+', ' ')"
    }

    Write-Host "$(($results.Passed | Measure-Object -Sum).Sum) passed, $($failed.Count) failed, $($skipped.Count) skipped"
    if ($failed) { exit 1 }
}
