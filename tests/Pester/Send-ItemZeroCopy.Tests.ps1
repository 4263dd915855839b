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
        if (-not $server) { Set-ItResult -Skipped -Because 'there is no sshd that this user may run' }
    }

    It 'sends to the hosts of the pipeline, and emits one result for each' {
        $results = 'web1', 'web2' | Send-ItemZeroCopy $source -Destination file -Verify
        $results.HostName | Should -Be 'web1', 'web2'
        $results.Verified | Should -Be $true, $true
        $results[0] | Should -BeOfType Splice.RemoteTransferResult
        $results.BytesSent | Should -Be 300000, 300000
        foreach ($name in 'web1', 'web2') { Assert-Content "$($server.Folder)/$name/file" $content }
    }

    It 'takes a path relative to $PWD literally' {
        [IO.File]::WriteAllBytes("$TestDrive/a[1]*", $content)
        Push-Location $TestDrive
        try { $null = Send-ItemZeroCopy 'a[1]*' web1 . }
        finally { Pop-Location }
        Assert-Content "$($server.Folder)/web1/a[1]*" $content
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

    It 'refuses a folder without -Recurse, and -Resume with it' {
        $null = New-Item -ItemType Directory -Force "$TestDrive/folder"
        $failure = Get-Failure { Send-ItemZeroCopy "$TestDrive/folder" web1 x }
        Assert-Failure $failure 'SourceIsDirectory,Splice.Commands.SendItemZeroCopyCommand' InvalidType "$TestDrive/folder" '-Recurse'
        $failure = Get-Failure { Send-ItemZeroCopy "$TestDrive/folder" web1 x -Recurse -Resume }
        Assert-Failure $failure 'ConflictingOptions,Splice.Commands.SendItemZeroCopyCommand' InvalidArgument "$TestDrive/folder" 'Leave -Resume out'
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

    It 'skips blank lines and comments, and trims the hosts: <_>' -ForEach 'pipeline', 'parameter' {
        $lines = '# my hosts', '', '  web1  ', "`t", "web2`t# the second", '  #web3'
        $results = if ($_ -eq 'pipeline') { $lines | Send-ItemZeroCopy $source -Destination lines } else { Send-ItemZeroCopy $source $lines lines }
        $results.HostName | Should -Be 'web1', 'web2'
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
        $results.Destination | Should -Be 'by-row', 'images', 'images/blank'
        $failure.FullyQualifiedErrorId | Should -Be @(
            'ParameterArgumentTransformationError,Splice.Commands.SendItemZeroCopyCommand'
            'ConnectionFailed,Splice.Commands.SendItemZeroCopyCommand'
            'InvalidPath,Splice.Commands.SendItemZeroCopyCommand')
        foreach ($path in 'web1/by-row', 'web2/images/source', 'web3/images/blank') { Assert-Content "$($server.Folder)/$path" $content }
        $null = [pscustomobject]@{ ComputerName = 'web1'; Port = $null } | Send-ItemZeroCopy $source -Destination alias
        Assert-Content "$($server.Folder)/web1/alias" $content
        $parent = [pscustomobject]@{ HostName = 'web1'; Destination = 'of-row' } | Send-ItemZeroCopy $source -Destination of-parameter
        $parent.Destination | Should -Be of-parameter
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
        ($lines | Where-Object { $_ -match 'web1' }) | Should -Match 'KiB.*file'
    }
}
