# The scripts in examples: each once in a pwsh of its own, as a timer or an admin starts it, and in this one otherwise.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")
    $script:modulePath = $env:PSModulePath
    $env:PSModulePath = "$root/out:$modulePath"

    # What it writes to its standard output and error, and its exit code.
    function Invoke-Script([string] $Name, [hashtable] $Argument, [switch] $InProcess) {
        $list = $Argument.GetEnumerator().ForEach({ "-$($_.Key)", "$($_.Value)" })
        $lines = if ($InProcess) { & "$root/examples/$Name.ps1" @Argument 2>&1 } else { pwsh -NoProfile -NonInteractive -File "$root/examples/$Name.ps1" @list 2>&1 }
        [pscustomobject]@{ Said = $lines -join "`n"; ExitCode = $LASTEXITCODE }
    }
}

AfterAll {
    $env:PSModulePath = $modulePath
}

Describe 'backup-image.ps1' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/backup"
        $script:image = "$folder/db.img"
        [IO.File]::WriteAllBytes($image, (Get-TestByte 3000000))
    }

    It 'copies the image under the name of the day, and keeps the last few' {
        Set-Content "$folder/backup/db.img.notes", "$folder/backup/other.img.2020-01-01" 'not a copy of it'
        foreach ($day in '2026-11-08', '2026-11-09', '2026-11-10') {
            $done = Invoke-Script backup-image @{ Path = $image; Folder = "$folder/backup"; Keep = 2; Date = $day } -InProcess:($day -ne '2026-11-08')
            $done.ExitCode | Should -Be 0 -Because $done.Said
            Get-Hash "$folder/backup/db.img.$day" | Should -Be (Get-Hash $image)
        }

        (Get-ChildItem "$folder/backup").Name | Should -Be 'db.img.2026-11-09', 'db.img.2026-11-10', 'db.img.notes', 'other.img.2020-01-01'
    }

    It 'goes on where the disk was full' {
        if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'only root may mount a small disk' }
        mount -t tmpfs -o size=2m none "$folder/backup"
        try {
            $done = Invoke-Script backup-image @{ Path = $image; Folder = "$folder/backup" }
            $done.ExitCode | Should -Be 75
            $done.Said | Should -Match 'No space is left'
            Get-ChildItem "$folder/backup" | Should -HaveCount 1 -Because 'what is there is kept'

            mount -o remount,size=8m "$folder/backup"
            $done = Invoke-Script backup-image @{ Path = $image; Folder = "$folder/backup"; Date = Get-Date -Format yyyy-MM-dd } -InProcess
            $done.ExitCode | Should -Be 0 -Because $done.Said
            $copy = Get-ChildItem "$folder/backup"
            Get-Hash $copy.FullName | Should -Be (Get-Hash $image)
        }
        finally {
            umount "$folder/backup"
        }
    }

    It 'wants somebody to look where the image is missing, and removes nothing' {
        Set-Content "$folder/backup/db.img.2026-11-08", "$folder/backup/db.img.2026-11-09" old
        $done = Invoke-Script backup-image @{ Path = "$folder/none.img"; Folder = "$folder/backup"; Keep = 1 } -InProcess
        $done.ExitCode | Should -Be 1
        $done.Said | Should -Match 'none\.img'
        $advice = try { Copy-ItemZeroCopy "$folder/none.img" "$folder/copy" -ErrorAction Stop } catch { $_.Exception.RecommendedAction }
        $advice | Should -Not -BeNullOrEmpty
        $done.Said | Should -Match ([regex]::Escape($advice))
        Get-ChildItem "$folder/backup" | Should -HaveCount 2
    }
}

Describe 'mirror.ps1' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/data", "$folder/empty", "$folder/mirror"
        Set-Content "$folder/data/new", "$folder/data/a.tmp" new
        Set-Content "$folder/mirror/old", "$folder/mirror/b.tmp" old
    }

    It 'mirrors, and lists what changed' {
        $done = Invoke-Script mirror @{ Path = "$folder/data"; Destination = "$folder/mirror"; Exclude = '*.tmp' }
        $done.ExitCode | Should -Be 0 -Because $done.Said
        $done.Said -split "`n" | Should -Be "Copied   $folder/mirror/new", "Removed  $folder/mirror/old (missing in the source)"
        (Get-ChildItem "$folder/mirror").Name | Should -Be 'b.tmp', 'new'

        $again = Invoke-Script mirror @{ Path = "$folder/data"; Destination = "$folder/mirror"; Exclude = '*.tmp' } -InProcess
        $again.ExitCode, $again.Said | Should -Be 0, ''
    }

    It 'warns of what the mirror lacks, and not of a pattern without a match' {
        $done = Invoke-Script mirror @{ Path = "$folder/data"; Destination = "$folder/mirror"; Exclude = 'none/' }
        $done.Said | Should -Match 'Copied'
        $done.Said | Should -Not -Match 'matched nothing'
        mkfifo "$folder/data/fifo"
        (Get-Item "$folder/data/new").LastWriteTime = '2020-01-01'
        $source = Get-Content "$root/examples/mirror.ps1" -Raw
        Set-Content "$TestDrive/lossy.ps1" ($source -replace '-Preserve All', '-Preserve Mode, Timestamps')
        $lines = pwsh -NoProfile -NonInteractive -File "$TestDrive/lossy.ps1" -Path "$folder/data" -Destination "$folder/mirror"
        $lines -match 'WARNING: .*special file' | Should -HaveCount 1
    }

    It 'leaves the mirror alone where <Name>' -ForEach @(
        @{ Name = 'the source is empty'; Source = 'empty'; Most = 100 }
        @{ Name = 'too much would be removed'; Source = 'data'; Most = 1 }
    ) {
        $done = Invoke-Script mirror @{ Path = "$folder/$Source"; Destination = "$folder/mirror"; MaximumRemoval = $Most } -InProcess
        $done.ExitCode | Should -Be 1
        $done.Said | Should -Match 'Nothing was changed'
        (Get-ChildItem "$folder/mirror").Name | Should -Be 'b.tmp', 'old'
    }
}

Describe 'fan-out.ps1' {
    BeforeAll {
        $script:ssh = Open-SshHost "$TestDrive/ssh"
        $script:source = "$TestDrive/disk.img"
        [IO.File]::WriteAllBytes($source, (Get-TestByte 3000000))
    }

    AfterAll {
        Close-SshHost $ssh
    }

    BeforeEach {
        if (-not $ssh) { Set-ItResult -Skipped -Because 'sshd is not available to this user' }
    }

    It 'sends to all hosts, tries those again that could not be reached, and reports each' {
        # The third host has no folder: another attempt would not help. The fourth is none.
        Remove-Item "$($ssh.Folder)/web3/images"
        $report = "$TestDrive/report.csv"
        $command = "& '$root/examples/fan-out.ps1' '$source' web1, web2, web3, nowhere.invalid images/sub/ -Attempts 2 -Pause 0 -ReportPath '$report'"
        $said = pwsh -NoProfile -NonInteractive -Command "$command; exit `$LASTEXITCODE" 2>&1
        $LASTEXITCODE | Should -Be 2 -Because ($said -join "`n")

        $rows = Import-Csv $report
        $rows.HostName | Should -Be 'web1', 'web2', 'web3', 'nowhere.invalid'
        $rows.State | Should -Be 'Sent', 'Sent', 'Failed', 'Failed'
        $rows.Attempts | Should -Be 1, 1, 1, 2
        $rows.Error | Should -Be '', '', 'DestinationFolderNotFound', 'ConnectionFailed'
        $rows[0..1].BytesSent | Should -Be 3000000, 3000000
        foreach ($name in 'web1', 'web2') { Get-Hash "$($ssh.Folder)/$name/images/sub/disk.img" | Should -Be (Get-Hash $source) }
    }

    It 'fails if the file is missing' {
        { & "$root/examples/fan-out.ps1" "$TestDrive/none" web1, web2 images/ } | Should -Throw '*Cannot find*'
    }
}

Describe 'send-from-csv.ps1' {
    BeforeAll {
        $script:ssh = Open-SshHost "$TestDrive/ssh-csv"
        $script:source = "$TestDrive/from-csv.img"
        [IO.File]::WriteAllBytes($source, (Get-TestByte 300000))
    }

    AfterAll {
        Close-SshHost $ssh
    }

    BeforeEach {
        if (-not $ssh) { Set-ItResult -Skipped -Because 'sshd is not available to this user' }
    }

    It 'sends to the destination of each row, and reports each host' {
        Set-Content "$TestDrive/hosts.csv" 'HostName,UserName,Port,KeyFilePath,Destination', 'web1,,,,images/', "web2,root,,$($ssh.Folder)/user,by-row.img", 'web3,,,,none/x', 'web3,,x,,y'
        $report = "$TestDrive/csv-report.csv"
        $done = Invoke-Script send-from-csv @{ Path = $source; HostsPath = "$TestDrive/hosts.csv"; ReportPath = $report }
        $done.ExitCode | Should -Be 2 -Because $done.Said
        $rows = Import-Csv $report
        $rows.HostName | Sort-Object | Should -Be web1, web2, web3, web3
        ($rows | Where-Object State -EQ Sent).BytesSent | Should -Be 300000, 300000
        ($rows | Where-Object State -EQ Failed).Message | Should -Match 'none|1 to 65535'
        foreach ($path in 'web1/images/from-csv.img', 'web2/by-row.img') { Get-Hash "$($ssh.Folder)/$path" | Should -Be (Get-Hash $source) }
    }

    It 'fails if the file is missing' {
        { & "$root/examples/send-from-csv.ps1" "$TestDrive/none" "$TestDrive/hosts.csv" } | Should -Throw '*Cannot find*'
    }
}

Describe 'split-for-fat32.ps1' {
    BeforeEach {
        $script:medium = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        $script:source = "$TestDrive/large.img"
        [IO.File]::WriteAllBytes($source, (Get-TestByte 5000000))
    }

    It 'writes parts and their checksums to <_>, with which sha256sum and cat make the file again' -ForEach 'a folder', 'FAT32' {
        if ($_ -eq 'FAT32') {
            if ((id -u) -ne 0 -or -not (Get-Command mkfs.vfat -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'only root may mount, and mkfs.vfat is needed' }
            truncate -s 64M "$TestDrive/fat.img"
            $null = mkfs.vfat -F 32 "$TestDrive/fat.img"
            mount -o loop "$TestDrive/fat.img" $medium 2>&1 | Write-Verbose
            if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'this kernel does not mount vfat' }
        }

        try {
            $done = Invoke-Script split-for-fat32 @{ Path = $source; Destination = $medium; PartSize = 2MB } -InProcess:($_ -eq 'FAT32')
            $done.Said | Should -Match 'large\.img\.003'
            (Get-ChildItem $medium).Name | Should -Be 'large.img.001', 'large.img.002', 'large.img.003', 'large.img.sha256'
            sh -c "cd '$medium' && sha256sum --quiet -c large.img.sha256 && cat large.img.[0-9]* > '$TestDrive/joined.img'"
            $LASTEXITCODE | Should -Be 0
            Get-Hash "$TestDrive/joined.img" | Should -Be (Get-Hash $source)
            Import-Module "$root/out/Splice"
            $null = Join-ItemZeroCopy "$medium/large.img.[0-9]*" "$TestDrive/joined.img"
            Get-Hash "$TestDrive/joined.img" | Should -Be (Get-Hash $source)
        }
        finally {
            if ($_ -eq 'FAT32') { umount $medium }
        }
    }

    It 'leaves no part if the file or the folder is missing' {
        (Invoke-Script split-for-fat32 @{ Path = "$TestDrive/none"; Destination = $medium }).ExitCode | Should -Be 1
        { & "$root/examples/split-for-fat32.ps1" $source "$medium/none" } | Should -Throw '*does not exist*'
        Get-ChildItem $medium | Should -BeNullOrEmpty
    }
}

Describe 'relay.ps1' {
    BeforeEach {
        # A server that answers what it hears in upper case, when it has heard all of it.
        $script:listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $start = [Diagnostics.ProcessStartInfo]::new('pwsh', [string[]]('-NoProfile', '-NonInteractive', '-Command',
                "Import-Module '$root/out/Splice'; & '$root/examples/relay.ps1' 0 127.0.0.1 $($listener.LocalEndpoint.Port) -Connections 2 -Verbose *>&1 | Out-String -Stream"))
        $start.RedirectStandardOutput = $true
        # As README imports it: not from a folder in which PowerShell looks for modules.
        $start.Environment['PSModulePath'] = $modulePath
        $script:relay = [Diagnostics.Process]::Start($start)
        $line = ''
        while ($null -ne $line -and $line -notmatch 'Listening on 127\.0\.0\.1:(\d+)') { $line = $relay.StandardOutput.ReadLine() }
        $script:port = [int]$Matches[1]
    }

    AfterEach {
        $listener.Stop()
        if (-not $relay.HasExited) { $relay.Kill() }
        $relay.Dispose()
    }

    It 'serves connections side by side, both ways, and ends after as many as it was told' {
        $clients = 1..2 | ForEach-Object { [Net.Sockets.TcpClient]::new('127.0.0.1', $port) }
        # A relay that came to an end connects to nobody.
        $servers = 1..2 | ForEach-Object {
            $accepted = $listener.AcceptTcpClientAsync()
            $accepted.Wait(30000) | Should -BeTrue -Because 'the relay connects'
            $accepted.Result.ReceiveTimeout = 30000
            $accepted.Result
        }
        try {
            $text = [string]::new('a', 200000)
            $answers = $clients | ForEach-Object {
                $_.ReceiveTimeout = 30000
                [IO.StreamReader]::new($_.GetStream())
                $_.Client.Send([Text.Encoding]::ASCII.GetBytes($text)) | Should -Be 200000
                $_.Client.Shutdown('Send')
            }

            foreach ($server in $servers) {
                $heard = [IO.StreamReader]::new($server.GetStream()).ReadToEnd()
                $heard | Should -BeExactly $text
                $null = $server.Client.Send([Text.Encoding]::ASCII.GetBytes($heard.ToUpperInvariant()))
                $server.Client.Shutdown('Send')
            }

            $answers | ForEach-Object { $_.ReadToEnd() | Should -BeExactly $text.ToUpperInvariant() }
            $relay.StandardOutput.ReadToEnd() | Should -Match '195 KiB'
            $relay.WaitForExit(30000) | Should -BeTrue
            $relay.ExitCode | Should -Be 0
        }
        finally {
            $clients + $servers | ForEach-Object Dispose
        }
    }

    It 'says so where the other host cannot be reached, and goes on' {
        $listener.Stop()
        foreach ($attempt in 1..2) {
            $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $port)
            $client.GetStream().ReadByte() | Should -Be -1
            $client.Dispose()
        }

        $relay.StandardOutput.ReadToEnd() | Should -Match '127\.0\.0\.1 port \d+: Connection refused'
        $relay.WaitForExit(30000) | Should -BeTrue
    }
}
