BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:module = "$PSScriptRoot/../../out/Splice"
    Import-Module $module
    $script:server = Open-SshHost "$TestDrive/ssh"
}

AfterAll {
    Close-SshHost $server
}

Describe 'The module' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/to"
        [IO.File]::WriteAllBytes("$folder/a", (Get-TestByte 300000))
    }

    It 'exports no aliases' {
        (Get-Module Splice).ExportedAliases.Count | Should -Be 0
        (Import-PowerShellDataFile "$module/Splice.psd1").AliasesToExport.Count | Should -Be 0
    }

    It 'works in strict mode' {
        Set-StrictMode -Version Latest
        (Copy-ItemZeroCopy "$folder/a" "$folder/b").BytesCopied | Should -Be 300000
        ('a', 'b' | ForEach-Object { Get-Item "$folder/$_" } | Copy-ItemZeroCopy -Destination "$folder/to").Count | Should -Be 2
        (Copy-ItemZeroCopy "$folder/to" "$folder/tree" -Recurse).FileCount | Should -Be 2
        @(Split-ItemZeroCopy "$folder/a" "$folder/to" -PartCount 2).Count | Should -Be 2
        @(Test-ZeroCopy "$folder/a" "$folder/c").Count | Should -Be 5
        (Invoke-PipelineZeroCopy { cat } -InputPath "$folder/a" -OutputPath "$folder/c").BytesOut | Should -Be 300000
        @(Get-Failure { Copy-ItemZeroCopy "$folder/missing" "$folder/b" }).Count | Should -Be 1
        Copy-ItemZeroCopy "$folder/a" "$folder/b" | Out-String | Should -Match '293 KiB'
    }

    It 'works in the constrained language, with strings, numbers, switches and enums' {
        $state = [initialsessionstate]::CreateDefault2()
        $state.LanguageMode = 'ConstrainedLanguage'
        $state.ImportPSModule($module)
        $shell = [powershell]::Create($state).AddScript({
                param($folder)
                $ExecutionContext.SessionState.LanguageMode
                $result = Copy-ItemZeroCopy "$folder/a" "$folder/b" -Offset 10 -Count 1KB -Method SendFile -Verify -RateLimit 100MB
                $result.BytesCopied + 1
                $result.Method
                $result.Elapsed.TotalSeconds -gt 0
                (Get-Item "$folder/a" | Copy-ItemZeroCopy -Destination "$folder/to" -Preserve Mode, Timestamps).BytesCopied
                (Copy-StreamZeroCopy "$folder/a" "$folder/c", "$folder/d").BytesCopied
                (Split-ItemZeroCopy "$folder/a" "$folder/to" -PartSize 100000).Count
                (Invoke-PipelineZeroCopy { cat } -InputPath "$folder/a" -OutputPath "$folder/e").Commands.Name
                (Test-ZeroCopy "$folder/a" "$folder/f" | Where-Object Chosen).Method -is [string]
            }).AddArgument($folder)
        try {
            $output = $shell.Invoke()
            $shell.Streams.Error | Should -BeNullOrEmpty
            $output[0] | Should -Be ConstrainedLanguage
            $output[1..3] | Should -Be 1025, SendFile, $true
            $output[4] | Should -Be 300000
            $output[5..6] | Should -Be 300000, 300000
            $output[7] | Should -Be 3
            $output[8] | Should -Be cat
            $output[9] | Should -BeFalse
        }
        finally {
            $shell.Runspace.Dispose()
            $shell.Dispose()
        }
    }

    It 'serves several threads at once: ForEach-Object -Parallel' {
        $results = 1..20 | ForEach-Object -ThrottleLimit 4 -Parallel {
            Import-Module $using:module
            Copy-ItemZeroCopy "$using:folder/a" "$using:folder/to/$_"
        }
        $results.Count | Should -Be 20
        ($results.BytesCopied | Measure-Object -Sum).Sum | Should -Be (20 * 300000)
        Get-ChildItem "$folder/to" | ForEach-Object { Get-Hash $_.FullName } | Sort-Object -Unique | Should -Be (Get-Hash "$folder/a")
    }

    It 'serves Start-ThreadJob' {
        if (-not (Get-Command Start-ThreadJob -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'there is no module ThreadJob here'
            return
        }

        $jobs = 1..4 | ForEach-Object {
            $to = "$folder/to/$_"
            Start-ThreadJob {
                Import-Module $using:module
                Copy-ItemZeroCopy "$using:folder/a" $using:to
            }
        }
        $results = $jobs | Receive-Job -Wait -AutoRemoveJob
        $results.Count | Should -Be 4
        $results.BytesCopied | Sort-Object -Unique | Should -Be 300000
    }

    It 'shows no progress where $ProgressPreference is SilentlyContinue, and else the total, the rate and the time left' {
        # At this rate the copy goes on for longer than the bar takes to come.
        $script = {
            param($from, $to)
            $ProgressPreference = $args[0]
            $null = Copy-ItemZeroCopy $from $to -RateLimit 200KB
        }
        foreach ($preference in 'SilentlyContinue', 'Continue') {
            $background = Invoke-Background $script "$folder/a", "$folder/$preference", $preference
            Wait-Background $background
            $background.Shell.HadErrors | Should -BeFalse
            $records = @($background.Shell.Streams.Progress | Where-Object RecordType -EQ Processing)
            if ($preference -eq 'SilentlyContinue') {
                $records | Should -BeNullOrEmpty
            }
            else {
                $records.Count | Should -BeGreaterThan 0
                $records[0].StatusDescription | Should -Match '^[\d.]+ \w*B of 293 KiB, [\d.]+ \w*B/s$'
                $records[0].PercentComplete | Should -BeIn (1..100)
                $records[0].SecondsRemaining | Should -BeGreaterOrEqual 0
            }
        }
    }

    It 'shows progress rarely where that is slow, as on a terminal that does not report the position of its cursor' {
        # In a process of its own, which remembers how slow it was.
        $shown = pwsh -NoProfile -NonInteractive -Command {
            param($module, $from, $to)
            Add-Type -TypeDefinition @'
using System.Management.Automation;
public static class SlowTerminal
{
    public static int Bars;
    public static void Show(object sender, DataAddingEventArgs e)
    {
        Bars += ((ProgressRecord)e.ItemAdded).RecordType == ProgressRecordType.Processing ? 1 : 0;
        System.Threading.Thread.Sleep(1500);
    }
}
'@
            $shell = [powershell]::Create().AddScript("Import-Module '$module'; Copy-ItemZeroCopy '$from' '$to' -RateLimit 50KB")
            $shell.Streams.Progress.add_DataAdding([SlowTerminal].GetMethod('Show').CreateDelegate([EventHandler[Management.Automation.DataAddingEventArgs]]))
            $null = $shell.Invoke()
            [SlowTerminal]::Bars
        } -args $module, "$folder/a", "$folder/slow"
        $shown | Should -Be 1
    }

    It 'shows no progress of a short copy' {
        $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1]' "$folder/a", "$folder/short"
        Wait-Background $background
        $background.Output.BytesCopied | Should -Be 300000
        if ($background.Output.Elapsed.TotalSeconds -ge 1) { Set-ItResult -Skipped -Because 'the copy took over a second' }
        $background.Shell.Streams.Progress | Should -BeNullOrEmpty
    }
}

Describe 'Results that come from elsewhere' {
    BeforeAll {
        $script:folder = "$TestDrive/results"
        $null = New-Item -ItemType Directory "$folder/parts"
        [IO.File]::WriteAllBytes("$folder/a", (Get-TestByte 300000))
        $script:rendering = $PSStyle.OutputRendering
        $PSStyle.OutputRendering = 'PlainText'

        # What a job or a remote session makes of objects.
        function Get-Copy([object[]] $InputObject) {
            $text = [System.Management.Automation.PSSerializer]::Serialize($InputObject, 3)
            [System.Management.Automation.PSSerializer]::Deserialize($text)
        }
    }

    AfterAll {
        $PSStyle.OutputRendering = $rendering
    }

    It 'have their numbers and their table: <Name>' -ForEach @(
        @{ Name = 'TransferResult'; Call = { Copy-ItemZeroCopy a copy }; Numbers = 'BytesCopied', 'BytesMoved', 'SystemCalls', 'FileCount', 'BytesPerSecond' }
        @{ Name = 'PipelineResult'; Call = { Invoke-PipelineZeroCopy { cat } -InputPath a -OutputPath out }; Numbers = 'BytesIn', 'BytesOut', 'ExitCode' }
        @{ Name = 'NativeCommandResult'; Call = { (Invoke-PipelineZeroCopy { cat } -InputPath a -OutputPath out).Commands }; Numbers = @('ExitCode') }
        @{ Name = 'MethodReport'; Call = { Test-ZeroCopy a copy }; Numbers = @('Order') }
        @{ Name = 'MeasurementResult'; Call = { Measure-ZeroCopy -Size 64KB -Iterations 1 -Method Reflink, SendFile }; Numbers = @('Size') }
        @{ Name = 'RemoteTransferResult'; Call = { Send-ItemZeroCopy a web1 . }; Numbers = 'BytesSent', 'Length'; NeedsHost = $true }
        @{ Name = 'SplicePipe'; Call = { New-SplicePipe }; Numbers = 'Capacity', 'BytesAvailable' }
    ) {
        if ($NeedsHost -and -not $server) { Set-ItResult -Skipped -Because 'an sshd of the tests is not to be had here'; return }
        Push-Location $folder
        try {
            $results = @(& $Call)
            $copies = @(Get-Copy $results)
            $copies.Count | Should -Be $results.Count
            $copies[0].PSTypeNames[0] | Should -BeExactly "Deserialized.Splice.$Name"
            foreach ($number in $Numbers) {
                $copies[0].$number | Should -BeExactly $results[0].$number
                $copies[0].$number.GetType().IsPrimitive | Should -BeTrue
            }

            ($copies | Out-String -Width 100) | Should -BeExactly ($results | Out-String -Width 100)
        }
        finally {
            Pop-Location
            $results | Where-Object { $_ -is [IDisposable] } | ForEach-Object Dispose
        }
    }

    It 'come through a remote session' {
        if (-not $server) { Set-ItResult -Skipped -Because 'an sshd of the tests is not to be had here'; return }
        $config = Get-Content "$($server.Folder)/web1.conf" | Where-Object { $_ -notlike 'ForceCommand*' -and $_ -notlike 'Port*' }
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $listener.Stop()
        Set-Content "$folder/sshd.conf" $config, "Port $port", "Subsystem powershell $(Get-Pwsh) -sshs -NoLogo"
        Add-Content "$($server.Folder)/known" "[127.0.0.1]:$port $(Get-Content "$($server.Folder)/host.pub")"
        $sshd = [Diagnostics.Process]::Start('/usr/sbin/sshd', [string[]]('-D', '-r', '-f', "$folder/sshd.conf"))
        try {
            Wait-Until { try { [Net.Sockets.TcpClient]::new('127.0.0.1', $port).Dispose(); $true } catch { $false } } 'sshd listens'
            $options = @{ UserKnownHostsFile = "$($server.Folder)/known"; IdentitiesOnly = 'yes' }
            $session = New-PSSession -HostName 127.0.0.1 -UserName root -Port $port -KeyFilePath "$($server.Folder)/user" -Options $options -ErrorAction Stop
            try {
                $result = Invoke-Command $session -ArgumentList (Resolve-Path $module).Path, $folder {
                    param($module, $folder)
                    Import-Module $module
                    Copy-ItemZeroCopy "$folder/a" "$folder/remote"
                    Copy-ItemZeroCopy "$folder/missing" "$folder/remote"
                } -ErrorVariable failure -ErrorAction SilentlyContinue
                $result.BytesCopied | Should -Be 300000
                $result.BytesCopied.GetType() | Should -Be ([long])
                ($result | Out-String -Width 100) | Should -Match '(?m)^ +293 KiB +\w+ +0\.\d'
                $failure[0].FullyQualifiedErrorId | Should -BeExactly 'SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand'
                $failure[0].ErrorDetails.RecommendedAction | Should -BeLike 'Check the name*'
            }
            finally {
                Remove-PSSession $session
            }
        }
        finally {
            $sshd.Kill()
            $sshd.WaitForExit()
        }
    }
}

BeforeDiscovery {
    $calls = @(
        @{ Call = 'Copy-ItemZeroCopy a new'; Says = 'Copy File'; On = 'Item: F/a Destination: F/new' }
        @{ Call = 'Copy-ItemZeroCopy a old'; Says = 'Replace File'; On = 'Item: F/a Destination: F/old' }
        @{ Call = 'Copy-ItemZeroCopy a to'; Says = 'Replace File'; On = 'Item: F/a Destination: F/to/a' }
        @{ Call = 'Copy-ItemZeroCopy a old -InPlace'; Says = 'Write to Existing File'; On = 'Item: F/a Destination: F/old' }
        @{ Call = 'Copy-ItemZeroCopy a old -DestinationOffset 1'; Says = 'Write to Existing File'; On = 'Item: F/a Destination: F/old' }
        @{ Call = 'Copy-ItemZeroCopy a old -Append'; Says = 'Append to File'; On = 'Item: F/a Destination: F/old' }
        @{ Call = 'Copy-ItemZeroCopy a fifo'; Says = 'Write to Device or Pipe'; On = 'Item: F/a Destination: F/fifo' }
        @{ Call = 'Copy-ItemZeroCopy tree new -Recurse'; Says = 'Copy Folder'; On = 'Item: F/tree Destination: F/new' }
        @{ Call = 'Copy-ItemZeroCopy tree backup -Recurse'; Says = 'Copy into Existing Folder'; On = 'Item: F/tree Destination: F/backup/tree' }
        @{ Call = 'Copy-StreamZeroCopy a old'; Says = 'Replace File'; On = 'Source: F/a Destination: F/old' }
        @{ Call = 'Copy-StreamZeroCopy a new'; Says = 'Copy Stream'; On = 'Source: F/a Destination: F/new' }
        @{ Call = 'Join-ItemZeroCopy a, to/a old'; Says = 'Replace File'; On = 'Items: F/a, F/to/a Destination: F/old' }
        @{ Call = 'Join-ItemZeroCopy a, to/a new'; Says = 'Join Files'; On = 'Items: F/a, F/to/a Destination: F/new' }
        @{ Call = 'Split-ItemZeroCopy a to -PartCount 1'; Says = 'Split File, and Replace Existing Parts'; On = 'Item: F/a Destination: F/to' }
        @{ Call = 'Split-ItemZeroCopy a to -PartCount 1 -NoClobber'; Says = 'Split File'; On = 'Item: F/a Destination: F/to' }
        @{ Call = 'Invoke-PipelineZeroCopy { cat } -InputPath a -OutputPath old'; Says = 'Run Commands, and Replace File'; On = 'cat Destination: F/old' }
        @{ Call = 'Invoke-PipelineZeroCopy { cat } -InputPath a -OutputPath old -Append'; Says = 'Run Commands, and Append to File'; On = 'cat Destination: F/old' }
        @{ Call = 'Invoke-PipelineZeroCopy { cat } -InputPath a -OutputPath new'; Says = 'Run Commands'; On = 'cat Destination: F/new' }
        @{ Call = 'Send-ItemZeroCopy a web1 there'; Says = 'Send File (replaces it if it exists)'; On = 'Item: F/a Host: web1 Destination: there' }
        @{ Call = 'Send-ItemZeroCopy a web1 there -NoClobber'; Says = 'Send File'; On = 'Item: F/a Host: web1 Destination: there' }
        @{ Call = 'Send-ItemZeroCopy tree web1 there -Recurse -NoClobber'; Says = 'Send Folder'; On = 'Item: F/tree Host: web1 Destination: there' }
        @{ Call = 'Send-ItemZeroCopy tree web1 there -Recurse'; Says = 'Send Folder (replaces existing files)'; On = 'Item: F/tree Host: web1 Destination: there' }
        @{ Call = 'Receive-ItemZeroCopy x web1 old'; Says = 'Receive File (replaces it if it exists)'; On = 'Host: web1 Item: x Destination: F/old' }
        @{ Call = 'Measure-ZeroCopy -HtmlPath old'; Says = 'Replace Page'; On = 'F/old' }
    )
}

Describe '-WhatIf' -ForEach @{ Calls = $calls } {
    BeforeAll {
        $script:folder = "$TestDrive/whatif"
        $null = New-Item -ItemType Directory "$folder/to", "$folder/tree", "$folder/backup/tree"
        'a', 'to/a', 'old', 'to/part.001' | ForEach-Object { Set-Content "$folder/$_" $_ }
        mkfifo "$folder/fifo"
        $script:before = Get-Tree $folder '%T@'

        # What the host shows: all calls in one pwsh, each behind its own line.
        $lines = $Calls.Call | ForEach-Object { "'> {0}'; {1} -WhatIf" -f $_.Replace("'", "''"), $_ }
        $script:shown = @{}
        pwsh -NoProfile -NonInteractive -Command "Import-Module '$module'; Set-Location '$folder'; $($lines -join '; ')" | ForEach-Object {
            if ($_.StartsWith('> ')) { $call = $_.Substring(2) } else { $shown[$call] += @($_) }
        }
    }

    It 'says what would be replaced: <Call>' -ForEach $calls {
        $shown[$Call] | Should -Contain "What if: Performing the operation `"$Says`" on target `"$($On.Replace('F/', "$folder/"))`"."
    }

    It 'changes nothing' {
        Get-Tree $folder '%T@' | Should -Be $before
    }
}
