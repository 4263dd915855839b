BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:server = Open-SshHost "$TestDrive/ssh"
    $script:content = Get-TestByte 300000
    $script:source = "$TestDrive/source"
    [IO.File]::WriteAllBytes($source, $content)
}

AfterAll {
    Close-SshHost $server
}

Describe 'Send-ItemZeroCopy' {
    BeforeEach {
        if (-not $server) { Set-ItResult -Skipped -Because 'sshd is not available to this user' }
    }

    It 'sends to the hosts of the pipeline, and emits one result for each' {
        $results = 'web1', 'web2' | Send-ItemZeroCopy $source -Destination file -Verify
        $results.HostName | Sort-Object | Should -Be 'web1', 'web2'
        $results.Verified | Should -Be $true, $true
        $results[0] | Should -BeOfType Splice.RemoteTransferResult
        $results.BytesSent | Should -Be 300000, 300000
        foreach ($name in 'web1', 'web2') { Assert-Content "$($server.Folder)/$name/file" $content }
    }

    It 'takes a path relative to $PWD literally with -LiteralPath' {
        [IO.File]::WriteAllBytes("$TestDrive/a[1]*", $content)
        Push-Location $TestDrive
        try { $null = Send-ItemZeroCopy -LiteralPath 'a[1]*' web1 . }
        finally { Pop-Location }
        Assert-Content "$($server.Folder)/web1/a[1]*" $content
    }

    It 'sends the files of the pipeline, of wildcards and of several paths into a folder: <_>' -ForEach 'pipeline', 'wildcard', 'paths', 'literal' {
        $case = $_
        $folder = New-Item -ItemType Directory "$TestDrive/several-$case"
        foreach ($name in 'b.log', 'a [1].log', 'c.txt') { [IO.File]::WriteAllBytes("$folder/$name", $content) }
        Push-Location $folder
        try {
            $results = switch ($case) {
                pipeline { Get-ChildItem *.log | Send-ItemZeroCopy -HostName web1, web2 -Destination "several-$case/" }
                wildcard { Send-ItemZeroCopy *.log web1, web2 "several-$case" }
                paths { Send-ItemZeroCopy b.log, 'a ?1?.log' web1, web2 "several-$case" }
                literal { 'web1', 'web2' | Send-ItemZeroCopy -LiteralPath 'a [1].log', b.log -Destination "several-$case" }
            }
        }
        finally { Pop-Location }
        $results.Count | Should -Be 4
        foreach ($name in 'web1', 'web2') {
            $there = "$($server.Folder)/$name/several-$case"
            ($results | Where-Object HostName -EQ $name).Destination | Sort-Object | Should -Be "$there/a [1].log", "$there/b.log"
            (Get-ChildItem $there).Name | Sort-Object | Should -Be 'a [1].log', 'b.log'
            Assert-Content "$there/b.log" $content
        }
    }

    It 'shows a bar for each of several hosts, below that of the command' {
        # The hosts have a pipe each, and the rate is that of both. The first bar can come while they connect.
        $background = Invoke-Background 'Send-ItemZeroCopy $args[0] web1, web2 bars -RateLimit 100KB' $source
        Wait-Background $background
        $background.Shell.Streams.Error | Should -BeNullOrEmpty
        $records = @($background.Shell.Streams.Progress)
        $bars = @($records | Where-Object ParentActivityId -EQ 0)
        ($bars | Where-Object RecordType -EQ Processing).Activity | Sort-Object -Unique | Should -BeExactly 'web1', 'web2'
        ($bars | Where-Object RecordType -EQ Completed).Activity | Sort-Object -Unique | Should -BeExactly 'web1', 'web2'
        $bars.StatusDescription | Where-Object { $_ -match '^[\d.]+ \w*B of 293 KiB$' } | Should -Not -BeNullOrEmpty
        $records[-1].RecordType, $records[-1].ActivityId | Should -Be 'Completed', 0
        $background.Shell.Dispose()
    }

    It 'has an error for two files of one name, and sends nothing; the same file is sent once' {
        $null = New-Item -ItemType Directory "$TestDrive/x", "$TestDrive/y"
        foreach ($path in 'x/same', 'y/same') { [IO.File]::WriteAllBytes("$TestDrive/$path", $content) }
        $failure = Get-Failure { Send-ItemZeroCopy "$TestDrive/x/same", "$TestDrive/y/same" web1 same/ }
        Assert-Failure $failure 'SameFile,Splice.Commands.SendItemZeroCopyCommand' InvalidOperation "$TestDrive/y/same" 'different folders'
        "$($server.Folder)/web1/same" | Should -Not -Exist
        $results = Send-ItemZeroCopy "$TestDrive/x/same", "$TestDrive/x/same" web1 same/ -WarningVariable warned -WarningAction SilentlyContinue
        @($results).Count | Should -Be 1
        $warned | Should -BeLike '*more than once*'
    }

    It 'has an error for each file that is missing, and sends the others' {
        $failure = $null
        $results = Send-ItemZeroCopy "$TestDrive/missing", $source, "$TestDrive/none*" web1 images/ -ErrorAction SilentlyContinue -ErrorVariable failure
        @($results).Count | Should -Be 1
        $failure.FullyQualifiedErrorId | Sort-Object | Should -Be 'NoMatch,Splice.Commands.SendItemZeroCopyCommand', 'SourceNotFound,Splice.Commands.SendItemZeroCopyCommand'
    }

    It 'shows each file and host with -WhatIf' {
        $shown = pwsh -NoProfile -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Send-ItemZeroCopy '$source', '$PSHOME/pwsh.dll' web1, web2 x/ -WhatIf" | Where-Object { $_ -like 'What if*' }
        @($shown).Count | Should -Be 4
    }

    It 'sends to ranges of hosts' {
        $results = Send-ItemZeroCopy $source 'web[1-2]' range -Flush
        $results.HostName | Sort-Object | Should -Be 'web1', 'web2'
        $results.Destination | Sort-Object | Should -Be "$($server.Folder)/web1/range", "$($server.Folder)/web2/range"
        (Get-Failure { Send-ItemZeroCopy $source 'web[2-1]' range }).FullyQualifiedErrorId | Should -Be 'InvalidHostName,Splice.Commands.SendItemZeroCopyCommand'
    }

    It 'takes a configuration file' {
        $failure = Get-Failure { Send-ItemZeroCopy $source web1 x -ConfigFile "$TestDrive/no-config" }
        Assert-Failure $failure 'ConnectionFailed,Splice.Commands.SendItemZeroCopyCommand' ConnectionError web1 'no-config'
        Set-Content "$TestDrive/my-config" "Include $($server.Folder)/config`nHost other`nHostName web1"
        $null = Send-ItemZeroCopy $source web1 by-config -ConfigFile "$TestDrive/my-config"
        Assert-Content "$($server.Folder)/web1/by-config" $content
    }

    It 'uses fewer hosts at once under a limit on open files, with a warning' {
        Set-Content "$TestDrive/limit.ps1" @"
Import-Module '$PSScriptRoot/../../out/Splice'
`$limit = @(Get-ChildItem /proc/self/fd).Count + 60
prlimit --pid `$PID "--nofile=`${limit}:`${limit}"
`$results = Send-ItemZeroCopy '$source' web1, web2, web3, root@web1, root@web2, root@web3 by-limit -ErrorAction SilentlyContinue -WarningVariable warned -WarningAction SilentlyContinue
`$results.Count
"`$warned"
"@
        $lines = pwsh -NoProfile -File "$TestDrive/limit.ps1"
        [int]$lines[0] | Should -BeGreaterOrEqual 3
        $lines[1] | Should -BeLike 'The limit on open files*of 6 hosts*'
    }

    It 'sends a folder, and says what was not kept' {
        $null = New-Item -ItemType Directory -Force "$TestDrive/tree/a [b]", "$($server.Folder)/web1/trees"
        [IO.File]::WriteAllBytes("$TestDrive/tree/a [b]/-f", $content)
        mkfifo "$TestDrive/tree/fifo"
        $result = Send-ItemZeroCopy "$TestDrive/tree" web1 trees -Recurse -Verify -WarningVariable warned -WarningAction SilentlyContinue
        $result.Verified | Should -BeTrue
        $result.FileCount, $result.DirectoryCount, $result.BytesSent | Should -Be 1, 2, 300000
        $warned | Should -BeLike '*special file*-Preserve All*'
        Assert-Content "$($server.Folder)/web1/trees/tree/a [b]/-f" $content
        $all = Send-ItemZeroCopy "$TestDrive/tree" web1 all -Recurse -Preserve All
        $all.FileCount | Should -Be 2
        "$($server.Folder)/web1/all/fifo" | Should -Exist
    }

    It 'sends what -Exclude and -Include select, as Copy-ItemZeroCopy does' {
        $null = New-Item -ItemType Directory "$TestDrive/site/node_modules", "$TestDrive/site/css"
        foreach ($name in 'node_modules/x.js', 'css/a.css', 'css/a.log', 'index.html') { Set-Content "$TestDrive/site/$name" $name }
        $null = Send-ItemZeroCopy "$TestDrive/site", "$TestDrive/site/css/a.log" web1 selected/ -Recurse -Exclude node_modules/, *.log, none -WarningVariable warnings -WarningAction SilentlyContinue
        $there = "$($server.Folder)/web1/selected"
        Get-ChildItem $there -Recurse -File -Name | Sort-Object | Should -Be 'site/css/a.css', 'site/index.html'
        $warnings.Message | Should -Be "The pattern 'none' of -Exclude matched nothing."
        $null = Send-ItemZeroCopy "$TestDrive/site" web1 included/ -Recurse -Include *.css
        Get-ChildItem "$($server.Folder)/web1/included" -Recurse -Name | Sort-Object | Should -Be 'site', 'site/css', 'site/css/a.css'
    }

    It 'removes what the source does not have with -RemoveExtra, and lists it with -WhatIf' {
        $source = "$TestDrive/mirrored"
        $there = "$($server.Folder)/web1/mirrors/mirrored"
        $line = "Send-ItemZeroCopy '$source' web1 mirrors/ -Recurse -Update Changed -RemoveExtra"
        $null = New-Item -ItemType Directory $source, "$there/folder" -Force
        foreach ($file in "$source/new", "$there/old", "$there/folder/1") { Set-Content $file x }
        $shown = @(pwsh -NoProfile -Command "Import-Module '$PSScriptRoot/../../out/Splice'; $line -WhatIf")
        'old', 'folder' | ForEach-Object {
            $action = $_ -eq 'old' ? 'Remove Item' : 'Remove Folder (2 items)'
            $shown | Should -Contain "What if: Performing the operation `"$action`" on target `"Host: web1 Destination: $there/$_`"."
        }

        $shown[-4..-2] -replace '.*"(.*)" on target.*/(\w+)"\.$', '$1: $2' | Should -Be 'Remove Folder (2 items): folder', 'Copy File: new', 'Remove Item: old'

        $shown[-1] | Should -Be 'What if: Files on web1: 1 to copy, 0 to update (2 B in all), 0 unchanged, 0 skipped, 3 to remove.'
        "$there/old" | Should -Exist

        $failure = Get-Failure { Invoke-Expression "$line -MaximumRemoval 2" }
        $failure.FullyQualifiedErrorId | Should -BeLike 'TooManyRemovals,*'
        $result = Invoke-Expression $line
        $result.Removed, $result.FileCount | Should -Be 3, 1
        Get-ChildItem $there -Name | Should -Be 'new'

        { Invoke-Expression ($line -replace ' -Update Changed') } | Should -Throw '*-RemoveExtra has no effect without -Update*'
    }

    It 'sends only what changed with -Update, and lists it with -WhatIf' {
        $null = New-Item -ItemType Directory -Force "$TestDrive/updated", "$($server.Folder)/web1/updates"
        'same' | Set-Content "$TestDrive/updated/same"
        'old' | Set-Content "$TestDrive/updated/changed"
        $null = Send-ItemZeroCopy "$TestDrive/updated" web1 updates -Recurse
        'newer' | Set-Content "$TestDrive/updated/changed"
        'added' | Set-Content "$TestDrive/updated/added"
        $target = "$($server.Folder)/web1/updates/updated"
        $command = "Send-ItemZeroCopy '$TestDrive/updated' web1 updates -Recurse -Update Changed -WhatIf"
        $shown = @(pwsh -NoProfile -Command "Import-Module '$PSScriptRoot/../../out/Splice'; $command")
        $shown | Should -Contain "What if: Performing the operation `"Update File (size differs)`" on target `"Item: $TestDrive/updated/changed Host: web1 Destination: $target/changed`"."
        $shown -match 'updated/same' | Should -BeNullOrEmpty
        $shown[-1] | Should -Be 'What if: Files on web1: 1 to copy, 1 to update (12 B in all), 1 unchanged, 0 skipped.'
        "$target/added" | Should -Not -Exist
        $result = Send-ItemZeroCopy "$TestDrive/updated" web1 updates -Recurse -Update Changed
        $result.FileCount, $result.Updated, $result.Unchanged, $result.BytesSent | Should -Be 3, 1, 1, 12
        Get-Content "$target/changed" | Should -Be 'newer'
    }

    It 'sends only the single files that changed with -Update' {
        $files = New-Item -ItemType Directory "$TestDrive/several"
        'same' | Set-Content "$files/same"
        'old' | Set-Content "$files/changed"
        $null = Send-ItemZeroCopy "$files/*" web1 several/
        'newer' | Set-Content "$files/changed"
        $target = "$($server.Folder)/web1/several"
        $shown = @(pwsh -NoProfile -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Send-ItemZeroCopy '$files/*' web1 several/ -Update Changed -WhatIf")
        $shown[-2, -1] | Should -Be @(
            "What if: Performing the operation `"Update File (size differs)`" on target `"Item: $files/changed Host: web1 Destination: $target/changed`"."
            'What if: Files on web1: 0 to copy, 1 to update (6 B in all), 1 unchanged, 0 skipped.')
        $results = Send-ItemZeroCopy "$files/*" web1 several/ -Update Changed -Verify
        $results.Status | Should -Be Updated, Unchanged
        $results.Reason | Should -Be 'size differs', $null
        $results.BytesSent | Should -Be 6, 0
        $results.Verified | Should -Be $true, $false
        Get-Content "$target/changed" | Should -Be 'newer'
    }

    It 'refuses a folder without -Recurse, and -Resume -NoClobber with it' {
        $null = New-Item -ItemType Directory -Force "$TestDrive/folder"
        $failure = Get-Failure { Send-ItemZeroCopy "$TestDrive/folder" web1 x }
        Assert-Failure $failure 'SourceIsDirectory,Splice.Commands.SendItemZeroCopyCommand' InvalidType "$TestDrive/folder" '-Recurse'
        $failure = Get-Failure { Send-ItemZeroCopy "$TestDrive/folder" web1 x -Recurse -Resume -NoClobber }
        Assert-Failure $failure 'ConflictingOptions,Splice.Commands.SendItemZeroCopyCommand' InvalidArgument "$TestDrive/folder" 'Specify only one'
    }

    It 'sends to the home folder where no destination is named' {
        (Send-ItemZeroCopy $source web1).Destination | Should -Be "$($server.Folder)/web1/$(Split-Path -Leaf $source)"
        "$($server.Folder)/web1/$(Split-Path -Leaf $source)" | Should -Exist
    }

    It 'connects to nobody with -WhatIf' {
        Send-ItemZeroCopy $source web1 whatif -WhatIf | Should -BeNullOrEmpty
        "$($server.Folder)/web1/whatif" | Should -Not -Exist
    }

    It 'has an error for each host that fails, and the others go on' {
        $null = New-Item -ItemType Directory -Force "$($server.Folder)/web2/errors/source", "$($server.Folder)/web1/errors"
        $results = Send-ItemZeroCopy $source web1, web2 errors -ErrorAction SilentlyContinue -ErrorVariable failure
        $results.HostName | Should -Be 'web1'
        Assert-Failure $failure 'DestinationExists,Splice.Commands.SendItemZeroCopyCommand' ResourceExists web2 'is a folder'
        $failure[0].Exception.Partial.RemoteExitCode | Should -Be 82
    }

    It 'says why a host refuses, and not with which number: <Id>' -ForEach @(
        @{ Id = 'DestinationFolderNotFound'; Category = 'ObjectNotFound'; Destination = 'none/file'; Code = 81 }
        @{ Id = 'DestinationExists'; Category = 'ResourceExists'; Destination = 'numbers'; Code = 82 }
        @{ Id = 'DestinationNotReplaceable'; Category = 'InvalidOperation'; Destination = 'numbers/fifo'; Code = 83 }
    ) {
        $null = New-Item -ItemType Directory -Force "$($server.Folder)/web1/numbers/source"
        if (-not (Test-Path "$($server.Folder)/web1/numbers/fifo")) { mkfifo "$($server.Folder)/web1/numbers/fifo" }
        $failure = Get-Failure { Send-ItemZeroCopy $source web1 $Destination }
        Assert-Failure $failure "$Id,Splice.Commands.SendItemZeroCopyCommand" $Category web1 $Destination
        $failure[0].Exception.Partial.RemoteExitCode | Should -Be $Code
        $failure[0].Exception.Message | Should -Not -Match 'exit code|It said'
    }

    It 'recommends the line that creates a missing folder: <_>' -ForEach 'nodir', 'no/dir', "it's `$HOME, no dir" {
        $folder = $_
        $failure = Get-Failure { Send-ItemZeroCopy $source web1 "$folder/file" }
        $failure[0].Exception.Message | Should -BeLike "'$source' could not be sent to web1:$folder/file: The folder '$folder' does not exist on web1. *"
        $line = $failure[0].Exception.RecommendedAction -replace '^Create the folder there first: '
        $line | Should -BeLike 'ssh web1 *mkdir -p *'
        Invoke-Expression $line
        $null = Send-ItemZeroCopy $source web1 "$folder/file"
        Assert-Content "$($server.Folder)/web1/$folder/file" $content
    }

    It 'skips blank lines and comments, and trims the hosts: <_>' -ForEach 'pipeline', 'parameter' {
        $lines = '# my hosts', '', '  web1  ', "`t", "web2`t# the second", '  #web3'
        $results = if ($_ -eq 'pipeline') { $lines | Send-ItemZeroCopy $source -Destination lines } else { Send-ItemZeroCopy $source $lines lines }
        $results.HostName | Sort-Object | Should -Be 'web1', 'web2'
        foreach ($name in 'web1', 'web2') { Assert-Content "$($server.Folder)/$name/lines" $content }
        "$($server.Folder)/web3/lines" | Should -Not -Exist
    }

    It 'has an error if no host is left' {
        $failure = Get-Failure { '', '# none' | Send-ItemZeroCopy $source -Destination x }
        $failure.FullyQualifiedErrorId | Should -Be 'InvalidHostName,Splice.Commands.SendItemZeroCopyCommand'
        $failure[0].Exception.Message | Should -BeLike 'No host is specified*'
    }

    It 'takes the columns of a CSV file for each host' {
        $ports = @{}
        foreach ($name in 'web1', 'web2', 'web3') { $ports[$name] = (Select-String '^Port (.*)' "$($server.Folder)/$name.conf").Matches.Groups[1].Value }
        $options = @{ UserKnownHostsFile = "$($server.Folder)/known"; IdentitiesOnly = $true }
        Set-Content "$TestDrive/hosts.csv" @"
HostName,UserName,Port,KeyFilePath,Destination
127.0.0.1,root,$($ports.web1),$($server.Folder)/user,by-row
127.0.0.1,root,$($ports.web2),$($server.Folder)/user,images
127.0.0.1,root,$($ports.web2),$($server.Folder)/none,no-key
web3,,,,images/blank
web3,,x,,no-port
web3,,,,~/x
"@
        $results = Import-Csv "$TestDrive/hosts.csv" | Send-ItemZeroCopy $source -Options $options -ErrorAction SilentlyContinue -ErrorVariable failure
        $results.Destination | Sort-Object | Should -Be "$($server.Folder)/web1/by-row", "$($server.Folder)/web2/images/source", "$($server.Folder)/web3/images/blank"
        $failure.FullyQualifiedErrorId | Should -Be @(
            'ParameterArgumentTransformationError,Splice.Commands.SendItemZeroCopyCommand'
            'ConnectionFailed,Splice.Commands.SendItemZeroCopyCommand'
            'InvalidPath,Splice.Commands.SendItemZeroCopyCommand')
        foreach ($path in 'web1/by-row', 'web2/images/source', 'web3/images/blank') { Assert-Content "$($server.Folder)/$path" $content }
        $null = [pscustomobject]@{ ComputerName = 'web1'; Port = $null } | Send-ItemZeroCopy $source -Destination alias
        Assert-Content "$($server.Folder)/web1/alias" $content
        $parent = [pscustomobject]@{ HostName = 'web1'; Destination = 'of-row' } | Send-ItemZeroCopy $source -Destination of-parameter
        $parent.Destination | Should -Be "$($server.Folder)/web1/of-parameter"
    }

    It 'refuses the port <_>' -ForEach 0, 65536, 'x' {
        { Send-ItemZeroCopy $source web1 x -Port $_ } | Should -Throw '*from 1 to 65535*'
    }

    It 'refuses what is no host' {
        $failure = Get-Failure { Send-ItemZeroCopy $source 'a;b' x }
        Assert-Failure $failure 'InvalidHostName,Splice.Commands.SendItemZeroCopyCommand' InvalidArgument 'a;b' 'host:port'
    }

    It 'says so where there is no ssh' {
        $path = $env:PATH
        $env:PATH = '/nonexistent'
        try { $failure = Get-Failure { Send-ItemZeroCopy $source web1 x } }
        finally { $env:PATH = $path }
        Assert-Failure $failure 'SshNotFound,Splice.Commands.SendItemZeroCopyCommand' NotInstalled ssh 'openssh-client'
    }

    It 'limits the rate, compresses and takes settings' {
        $result = Send-ItemZeroCopy $source web1 limited -RateLimit 10MB -Compress -Options @{ ServerAliveInterval = 15; TCPKeepAlive = $true }
        $result.BytesSent | Should -Be 300000
        Assert-Content "$($server.Folder)/web1/limited" $content
    }

    It 'fits its results into 100 columns' {
        $lines = Send-ItemZeroCopy $source web1 file | Out-String -Stream -Width 100
        ($lines | Where-Object { $_ -match 'web1' }) | Should -Match '[KM]iB/s \S*/web1/file$'
    }
}
