BeforeDiscovery {
    # What each cmdlet can be called with so that it fails, and what it must and must not say.
    $script:calls = @(
        @{ Call = { Copy-ItemZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = '-Recurse', '/to/*' }
        @{ Call = { Join-ItemZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = '/to/*'; Not = '-Recurse' }
        @{ Call = { Split-ItemZeroCopy to to -PartCount 2 }; Id = 'SourceIsDirectory'; Says = '/to/*'; Not = '-Recurse' }
        @{ Call = { Copy-StreamZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = 'Name a file'; Not = '-Recurse', '-Path' }
        @{ Call = { Test-ZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = 'Name a file'; Not = '-Recurse' }
        @{ Call = { Invoke-PipelineZeroCopy { cat } -InputPath to }; Id = 'SourceIsDirectory'; Says = 'Name a file'; Not = '-Recurse' }
        @{ Call = { Copy-ItemZeroCopy /dev/zero copy }; Id = 'EndlessSource'; Says = '-Count' }
        @{ Call = { Join-ItemZeroCopy a, /dev/zero copy }; Id = 'EndlessSource'; Says = 'ends'; Not = '-Count' }
        @{ Call = { Copy-StreamZeroCopy /dev/zero copy }; Id = 'EndlessSource'; Says = '-Count' }
        @{ Call = { Copy-ItemZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link', "'nowhere'", '-Recurse'; Not = 'Cannot find' }
        @{ Call = { Join-ItemZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link', "'nowhere'"; Not = '-Recurse' }
        @{ Call = { Split-ItemZeroCopy dangling to -PartCount 1 }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Copy-StreamZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Send-ItemZeroCopy dangling localhost copy }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Test-ZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Invoke-PipelineZeroCopy { cat } -InputPath dangling }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Copy-ItemZeroCopy a b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Copy-ItemZeroCopy a b/c/d }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Copy-ItemZeroCopy a b/ -Recurse }; Id = 'DestinationFolderNotFound', 'DestinationExists'; Says = 'is not a folder'; Not = 'does not exist' }
        @{ Call = { Join-ItemZeroCopy a b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Split-ItemZeroCopy a b/ -PartCount 1 }; Id = 'DestinationFolderNotFound'; Says = 'is not a folder'; Not = 'does not exist' }
        @{ Call = { Copy-StreamZeroCopy a b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Invoke-PipelineZeroCopy { date } -OutputPath b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Receive-ItemZeroCopy x nosuchhost.invalid b/ }; Id = 'ConnectionFailed', 'DestinationFolderNotFound'; Says = ''; Not = 'does not exist' }
        @{ Call = { Copy-ItemZeroCopy empty copy -Offset 5 }; Id = 'OffsetPastEnd'; Says = 'is empty'; Not = 'fewer bytes' }
        @{ Call = { Copy-ItemZeroCopy empty copy -Count 1 }; Id = 'CountPastEnd'; Says = 'is empty', '1 byte from'; Not = 'fewer bytes', '1 bytes' }
        @{ Call = { Copy-ItemZeroCopy one copy -Count 2 }; Id = 'CountPastEnd'; Says = 'has 1 byte,'; Not = '1 bytes' }
        @{ Call = { Copy-StreamZeroCopy one copy -Offset 7 }; Id = 'OffsetPastEnd'; Says = 'has 1 byte.'; Not = '1 bytes' }
        @{ Call = { Split-ItemZeroCopy one to -PartCount 2 }; Id = 'TooManyParts'; Says = 'has 1 byte,'; Not = '1 bytes' }
        @{ Call = { Copy-ItemZeroCopy a "$memory/copy" -Reflink Always }; Id = 'MethodNotPossible'; Says = '-Reflink Auto'; Not = '-Method' }
        @{ Call = { Join-ItemZeroCopy a "$memory/copy" -Reflink Always }; Id = 'MethodNotPossible'; Says = '-Reflink Auto'; Not = '-Method' }
        @{ Call = { Split-ItemZeroCopy a $memory -PartCount 1 -Reflink Always }; Id = 'MethodNotPossible'; Says = '-Reflink Auto'; Not = '-Method' }
        @{ Call = { Copy-ItemZeroCopy a copy -Method Reflink }; Id = 'MethodNotPossible'; Says = '-Method Auto' }
        @{ Call = { Copy-ItemZeroCopy a program -InPlace }; Id = 'PermissionDenied'; Says = 'ETXTBSY', 'running'; Not = '-InPlace' }
        @{ Call = { Copy-ItemZeroCopy a program -Append }; Id = 'PermissionDenied'; Says = 'ETXTBSY', 'running'; Not = '-InPlace' }
        @{ Call = { Invoke-PipelineZeroCopy { date } -OutputPath program -Append }; Id = 'PermissionDenied'; Says = 'ETXTBSY', 'running'; Not = '-InPlace' }
        @{ Call = { Send-ItemZeroCopy '*.txt' localhost copy }; Id = 'NoMatch'; Says = '-LiteralPath' }
        @{ Call = { Copy-StreamZeroCopy '*.txt' copy }; Id = 'SourceNotFound'; Says = 'wildcards are not expanded'; Not = '-Path', '-LiteralPath' }
        @{ Call = { Copy-ItemZeroCopy -LiteralPath '*.txt' copy }; Id = 'SourceNotFound'; Says = '-Path', '-LiteralPath' }
        @{ Call = { Send-ItemZeroCopy a localhost '~/x' }; Id = 'InvalidPath'; Says = 'not expanded', "'x'" }
        @{ Call = { Send-ItemZeroCopy a localhost '~root/x' }; Id = 'InvalidPath'; Says = 'not expanded', 'absolute path' }
        @{ Call = { Send-ItemZeroCopy a localhost '~' }; Id = 'InvalidPath'; Says = 'not expanded', "'.'" }
        @{ Call = { Receive-ItemZeroCopy '~/x' localhost copy }; Id = 'InvalidPath'; Says = 'not expanded', "'x'" }
        @{ Call = { Copy-ItemZeroCopy a root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Copy-ItemZeroCopy root@h:x copy }; Id = 'InvalidPath'; Says = 'Receive-ItemZeroCopy' }
        @{ Call = { Join-ItemZeroCopy a root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Copy-StreamZeroCopy a root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Copy-ItemZeroCopy missing copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Copy-ItemZeroCopy missing copy -Recurse -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Join-ItemZeroCopy a, missing copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Split-ItemZeroCopy missing to -PartCount 2 -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Send-ItemZeroCopy missing localhost copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Copy-StreamZeroCopy missing copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Invoke-PipelineZeroCopy { cat } -InputPath missing -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Copy-ItemZeroCopy a mount/file }; Id = 'DestinationNotReplaceable'; Says = '-InPlace' }
        @{ Call = { Join-ItemZeroCopy a mount/file }; Id = 'DestinationNotReplaceable'; Says = 'Choose another'; Not = '-InPlace' }
        @{ Call = { Copy-StreamZeroCopy a mount/file }; Id = 'DestinationNotReplaceable'; Says = 'Choose another'; Not = '-InPlace' }
        @{ Call = { Invoke-PipelineZeroCopy { date } -OutputPath mount/file }; Id = 'DestinationNotReplaceable'; Says = '-Append'; Not = '-InPlace' }
        @{ Call = { Copy-ItemZeroCopy a to/a -NoClobber; Copy-ItemZeroCopy a to/a -NoClobber }; Id = 'DestinationExists'; Says = '-NoClobber' }
        @{ Call = { Send-ItemZeroCopy a 127.0.0.1:1 x -KeyFilePath a -UserName me -Options @{ ConnectTimeout = 5 } }; Id = 'ConnectionFailed'; Says = 'ssh -p 1 -i', '-o ConnectTimeout=5 me@127.0.0.1'; Not = 'exit code', 'It said' }
        @{ Call = { $full = [IO.File]::OpenWrite('/dev/full'); $file = [IO.File]::OpenRead("$folder/a"); try { Invoke-Splice $file $full } finally { $full.Dispose(); $file.Dispose() } }; Id = 'MethodNotPossible'; Says = 'Copy-StreamZeroCopy'; Not = '-Method' }
        @{ Call = { Measure-ZeroCopy missing -Iterations 1 }; Id = 'DestinationFolderNotFound'; Says = 'does not exist' }
        @{ Call = { Split-ItemZeroCopy a to -PartCount 2 -NameFormat '{0}' }; Id = 'InvalidNameFormat'; Says = '{1:D3}' }
    )
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # The parameters that a sentence names; what follows the name of a command is that command's.
    function Get-NamedParameter([string] $Text) {
        foreach ($sentence in $Text -split '(?<=[.:;]) ') {
            [regex]::Matches(($sentence -csplit '\b[A-Z][a-z]+-[A-Z]\w+')[0], '(?<![\w-])-([A-Z]\w+)').ForEach({ $_.Groups[1].Value })
        }
    }
}

Describe 'Recommended actions' {
    BeforeAll {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        $script:memory = Add-MemoryFolder
        Push-Location $folder
        [IO.File]::WriteAllBytes("$folder/a", (Get-TestByte 5000))
        [IO.File]::WriteAllText("$folder/b", 'b')
        [IO.File]::WriteAllText("$folder/one", '1')
        [IO.File]::WriteAllText("$folder/empty", '')
        $null = New-Item -ItemType Directory to, mount
        ln -s nowhere dangling
        Copy-Item (Get-Command sleep -CommandType Application)[0].Source program
        chmod +x program
        $script:running = Invoke-Process "$folder/program" 600
        [IO.File]::WriteAllText("$folder/mount/file", 'mounted')
        $script:isMounted = (id -u) -eq 0 -and $(mount --bind mount/file mount/file 2>$null; $LASTEXITCODE -eq 0)
    }

    AfterAll {
        if ($isMounted) { umount mount/file }
        $running.Kill()
        Pop-Location
        Remove-Item -Recurse -LiteralPath $memory
    }

    It 'are for the cmdlet: <Call>' -ForEach $calls {
        if ("$Call" -like '*mount/file*' -and -not $isMounted) {
            Set-ItResult -Skipped -Because 'only root can mount a file on itself'
            return
        }

        $ErrorActionPreference = 'Continue'

        # -WhatIf writes to the host: of what is missing there must be no word.
        $output = & $Call 2>&1 6>&1
        $failure = @($output | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        $failure | Should -HaveCount 1
        @($output | Where-Object { "$_" -like 'What if*' }) | Should -BeNullOrEmpty
        ($failure[0].FullyQualifiedErrorId -split ',')[0] | Should -BeIn $Id
        $details = $failure[0].ErrorDetails
        $all = "$($details.Message) $($details.RecommendedAction)"
        foreach ($words in $Says) { $all | Should -BeLike "*$([WildcardPattern]::Escape($words))*" }
        foreach ($words in $Not) { $all | Should -Not -BeLike "*$([WildcardPattern]::Escape($words))*" }
        $failure[0].Exception.Message | Should -BeExactly $all
        $command = Get-Command ($failure[0].InvocationInfo.MyCommand.Name)
        foreach ($name in Get-NamedParameter $details.RecommendedAction) {
            $command.Parameters.Keys | Should -Contain $name -Because "$command is recommended -$name"
        }
    }
}
